import { describe, expect, test } from "bun:test";
import manifest from "../../package.json" with { type: "json" };
import { optionsOf } from "../../src/cli/command_option.ts";
import { CONNECTION } from "../../src/cli/connection_options.ts";
import { optionsText } from "../../src/cli/help.ts";
import { commandHelpText } from "../../src/cli/command_help.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import { DEFAULT_LISTEN, OPTIONS } from "../../src/config.ts";
import { fakeTerminal } from "./fake_terminal.ts";

async function run(...argv: string[]) {
  const terminal = fakeTerminal({ files: { "a.toml": 'log = "loud"' } });
  const code = await runCli(argv, terminal);
  return { code, ...terminal.written };
}

test.each([
  [["--\u202e\u009b2J"]],
  [["\u202e\u009b2J"]],
  [["explain", "\u202e\u009b2J"]],
  [["sub", "/queue/a", "--url", "ws://\u202e\u009b2J:1/"]],
  [["check", "--config", "\u202e\u009b2J.toml"]],
])("what is wrong in %j drives no terminal, and turns no text round", async (argv) => {
  const { code, err } = await run(...argv);
  expect(code).toBe(2);
  expect(err).toContain("\\u202e\\x9b2");
  expect(err).not.toMatch(/\u202e|\u009b/);
});

describe("help", () => {
  test.each(["--help", "-h", "help", "--bogus --help", "frobnicate --help"])(
    "is printed for %s",
    async (words) => {
      const { code, out, err } = await run(...words.split(" "));
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toStartWith("Usage: stompbox [COMMAND] [OPTION]...\n");
    },
  );

  test("fits a screen and names every command", async () => {
    const { out } = await run("--help");
    const lines = out.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    for (const { name } of COMMANDS)
      expect(out).toMatch(new RegExp(`^  [a-z]+ .*\\b${name}\\b`, "m"));
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    "of %s is printed for help and for --help",
    async (name, command) => {
      for (const argv of [
        ["help", name],
        [name, "--help"],
        ["--help", name],
        [name, "-h", "--bogus"],
      ]) {
        expect(await run(...argv)).toEqual({ code: 0, out: commandHelpText(command), err: "" });
      }
    },
  );

  test("of all commands has an example for each", async () => {
    const { out } = await run("help", "all");
    for (const { name, examples } of COMMANDS) {
      expect(out).toContain(`stompbox ${name}`);
      expect(out).toContain(`    $ ${examples[0]?.line}\n`);
    }
  });

  test("of the connection names every option and its variable", async () => {
    const { out } = await run("help", "connection");
    for (const { flag, variable = "" } of optionsOf(CONNECTION)) {
      expect(out).toContain(flag);
      expect(out).toContain(variable);
    }
    expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  test("names only flags that exist", async () => {
    const { out } = await run("--help");
    const known = [...OPTIONS.map(({ flag }) => flag), "--config", "--help", "--version"];
    expect(out.match(/--[a-z.-]+/g)?.filter((flag) => !known.includes(flag))).toEqual([]);
  });

  test("says where it listens by itself", async () => {
    const { out } = await run("--help");
    for (const uri of DEFAULT_LISTEN) expect(out).toContain(uri);
    expect(out).toContain("http://localhost:61614/");
  });

  test("has an example that is a valid command line", async () => {
    const [, example = ""] = /^ {2}stompbox (--.*)$/m.exec((await run("--help")).out) ?? [];
    expect(example).not.toBe("");
    expect(await runCli(["check", ...example.split(" ")], fakeTerminal())).toBe(0);
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
    [["frobnicate"], 'Unknown command "frobnicate": expected one of serve, check, '],
    [["check", "a.toml"], 'Unexpected "a.toml": stompbox check takes no such word'],
    [["help", "option"], 'Unexpected "option": did you mean options?'],
    [["help", "pbu"], 'Unexpected "pbu": did you mean pub?'],
    [["help", "pub", "sub"], 'Unexpected "sub": stompbox help takes no such word'],
    [
      ["completion"],
      "Cannot run completion without SHELL: expected stompbox completion SHELL, SHELL one of bash, zsh, fish",
    ],
    [["queue"], "[OPTION]..., ACTION one of ls, browse, purge, move, retry"],
    [["completion", "fihs"], 'Unexpected "fihs": did you mean fish?'],
    [["pub"], "Cannot run pub without DESTINATION"],
    [["pub", "/queue/a", "b", "c"], 'Unexpected "c": stompbox pub takes no such word'],
    [["pub", "/queue/a", "b", "--cuont", "3"], 'Unknown option "--cuont": did you mean --count?'],
    [["pub", "/queue/a", "b", "--log", "debug"], 'Unknown option "--log": '],
    [
      ["pub", "/queue/a", "b", "--port", "1"],
      'Unknown option "--port": use --url tcp://localhost:1',
    ],
    [["pub", "/queue/a", "b", "--host"], "Cannot use --host without a value: expected --host NAME"],
    [
      ["pub", "/queue/a", "b", "-n", "0"],
      'Cannot use "0" as --count: expected a whole number from 1',
    ],
    [["pub", "/queue/a", "b", "-nx"], 'Cannot use "x" as --count: expected a whole number from 1'],
    [["pub", "/queue/a", "b", "-H", "a"], 'Cannot use "a" as a header: expected NAME:VALUE'],
    [["pub", "/queue/a", "b", "--url", "ftp://a"], 'unknown scheme "ftp"'],
    [
      ["sub", "/queue/a", "--timeout", "soon"],
      'Cannot use "soon" as --timeout: expected 1ms to 24h',
    ],
    [
      ["sub", "/queue/a", "--format", "xml"],
      'Cannot use "xml" as --format: expected pretty | json | raw',
    ],
    [["sub", "/queue/a", ""], "Cannot run sub with"],
    [["version", "--quiet"], 'Unknown option "--quiet": see stompbox version --help'],
    [["check", "--quite"], 'Unknown option "--quite": did you mean --quiet?'],
    [["serve", "--quite"], 'Unknown option "--quite": did you mean --quiet?'],
    [["--quite"], 'Unknown option "--quite": did you mean --quiet?'],
    [["--", "--quite"], 'Unknown command "--quite"'],
    [["--port", "8080"], 'Unknown option "--port": use --listen ws://localhost:8080'],
    [["--port=8080"], 'Unknown option "--port": use --listen ws://localhost:8080'],
    [["-p", "x y"], 'Unknown option "-p": use --listen ws://localhost:PORT'],
    [["--http-port"], 'Unknown option "--http-port": use --listen ws://localhost:PORT'],
    [["--stomp-port=1"], 'Unknown option "--stomp-port": use --listen tcp://localhost:1'],
    [["--host", "10.0.0.1"], 'Unknown option "--host": use --listen ws://10.0.0.1:61614'],
    [["--ports", "p.json"], 'Unknown option "--ports": did you mean --ports-file?'],
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

test("words after -- are words", async () => {
  expect((await run("--", "version")).out).toBe(`stompbox ${manifest.version}\n`);
  expect((await run("check", "--")).code).toBe(0);
});

test("all mistakes of a command are told at once", async () => {
  const argv = ["sub", "--count", "many", "--frmat", "raw", "--nack", "--ack", "sometimes"];
  const { code, out, err } = await run(...argv);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toBe(
    [
      "stompbox: 4 mistakes",
      "  Cannot run sub without DESTINATION: expected stompbox sub DESTINATION... [OPTION]...",
      '  Unknown option "--frmat": did you mean --format?',
      '  Cannot use "many" as --count: expected a whole number from 1 to 1000000000',
      '  Cannot use "sometimes" as --ack: expected auto | client | client-individual',
      "",
    ].join("\n"),
  );
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
