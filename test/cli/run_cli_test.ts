import { describe, expect, test } from "bun:test";
import manifest from "../../package.json" with { type: "json" };
import { optionsText } from "../../src/cli/help.ts";
import { COMMANDS, runCli } from "../../src/cli/run_cli.ts";
import { OPTIONS } from "../../src/config.ts";
import { fakeTerminal } from "./fake_terminal.ts";

async function run(...argv: string[]) {
  const terminal = fakeTerminal({ files: { "a.toml": 'log = "loud"' } });
  const code = await runCli(argv, terminal);
  return { code, ...terminal.written };
}

describe("help", () => {
  test.each(["--help", "-h", "help", "check --help", "--bogus --help"])(
    "is printed for %s",
    async (words) => {
      const { code, out, err } = await run(...words.split(" "));
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toStartWith("stompbox --listen ws://localhost:8080 --static .\n");
    },
  );

  test("fits a screen and names every command", async () => {
    const { out } = await run("--help");
    const lines = out.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    for (const { name } of COMMANDS) expect(out).toContain(`  ${name} `);
  });

  test("names only flags that exist", async () => {
    const { out } = await run("--help");
    const known = [...OPTIONS.map(({ flag }) => flag), "--config", "--help", "--version"];
    expect(out.match(/--[a-z.-]+/g)?.filter((flag) => !known.includes(flag))).toEqual([]);
  });

  test("begins with an example that is a valid command line", async () => {
    const [example = ""] = (await run("--help")).out.split("\n");
    const terminal = fakeTerminal({ folders: ["."] });
    expect(await runCli(["check", ...example.split(" ").slice(1)], terminal)).toBe(0);
  });

  test("of options names every option in every spelling", async () => {
    const { out } = await run("help", "options");
    expect(out).toBe(optionsText());
    for (const { flag, variable, description } of OPTIONS) {
      expect(out).toContain(`\n${flag}`);
      expect(out).toContain(variable);
      expect(out).toContain(description);
    }
  });
});

describe("version", () => {
  test.each(["--version", "-v", "-V", "version"])("is printed for %s", async (word) => {
    const expected = { code: 0, out: `stompbox ${manifest.version}\n`, err: "" } as const;
    expect(await run(word)).toEqual(expected);
  });
});

describe("words that are not understood", () => {
  const table = [
    [["chek"], 'Unknown command "chek": did you mean check?'],
    [["frobnicate"], 'Unknown command "frobnicate": expected one of serve, check, help, version'],
    [["check", "a.toml"], 'Unexpected "a.toml": stompbox check takes no such word'],
    [["help", "option"], 'Unexpected "option": did you mean options?'],
    [["check", "--quite"], 'Unknown option "--quite": did you mean --quiet?'],
    [["serve", "--quite"], 'Unknown option "--quite": did you mean --quiet?'],
    [["--quite"], 'Unknown option "--quite": did you mean --quiet?'],
    [["chek", "--quite"], 'Unknown option "--quite": did you mean --quiet?'],
    [["--listen", "ws://0.0.0.0:0"], "without --allow-anonymous"],
    [["--config", "a.toml"], 'Cannot use "loud" as log in a.toml'],
  ] as const;
  test.each(table)("%p exits with 2 and says so", async (argv, sentence) => {
    const { code, out, err } = await run(...argv);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(sentence);
  });
});

describe("check", () => {
  test("prints the configuration and exits with 0", async () => {
    const { code, out, err } = await run("check", "--max-deliveries", "3");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("max-deliveries = 3  # flag --max-deliveries\n");
  });

  test("counts the mistakes and lists them a line each", async () => {
    const { code, out, err } = await run("check", "--log=loud", "--quite");
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toBe(
      [
        "stompbox: 2 mistakes",
        '  Unknown option "--quite": did you mean --quiet?',
        '  Cannot use "loud" as --log: expected debug | info | warn | error',
        "",
      ].join("\n"),
    );
  });
});
