import { describe, expect, test } from "bun:test";
import { defineCommand, EXIT, NONE } from "../../src/cli/command.ts";
import {
  choice,
  count,
  duration,
  durationOr,
  factor,
  list,
  operand,
  operands,
  optionalOperand,
  parsed,
  ReadError,
  size,
  text,
  toggle,
} from "../../src/cli/command_option.ts";
import { parseArguments } from "../../src/cli/parse_arguments.ts";
import { fakeTerminal } from "./fake_terminal.ts";

const seen: unknown[] = [];
const told = { description: "what for" };
const even = (written: string): number => {
  if (Number(written) % 2 === 0) return Number(written);
  throw new ReadError(`Cannot halve ${JSON.stringify(written)}`);
};
const common = {
  summary: "try",
  group: "messages",
  examples: [{ line: "stompbox try", about: "tries" }],
} as const;

const tryCommand = defineCommand({
  ...common,
  name: "try",
  operands: {
    first: operand({ placeholder: "FIRST", ...told }),
    second: optionalOperand({ placeholder: "SECOND", ...told }),
  },
  options: {
    loud: toggle({ short: "-l", ...told }),
    name: text({ short: "-m", placeholder: "NAME", variable: "TRY_NAME", ...told }),
    times: count({ short: "-n", min: 1, max: 10, ...told }),
    rate: factor({ min: 0.5, max: 10, ...told }),
    wait: duration({ min: 10, max: 60_000, ...told }),
    limit: durationOr(5_000, { min: 10, max: 60_000, ...told }),
    room: size({ min: 1, max: 4096, ...told }),
    kind: choice(["tea", "coffee"], { ...told }),
    tags: list((tag) => tag.toUpperCase(), { flag: "--tag", placeholder: "TAG", ...told }),
    half: parsed(even, { placeholder: "EVEN", ...told }),
  },
  shared: NONE,
  contradictions: ({ options }) =>
    options.loud && options.kind === "tea" ? ["Cannot drink tea loudly"] : [],
  run: (_context, input) => {
    seen.push(input);
    return EXIT.ok;
  },
});

const manyCommand = defineCommand({
  ...common,
  name: "many",
  operands: { all: operands({ placeholder: "WORD", ...told }) },
  options: NONE,
  shared: NONE,
  run: (_context, input) => {
    seen.push(input);
    return EXIT.ok;
  },
});

const commands = [tryCommand, manyCommand];

async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const terminal = fakeTerminal({ env });
  const given = parseArguments(argv, commands);
  const command = commands.find(({ name }) => name === given.command);
  seen.length = 0;
  const code = (await command?.run({ terminal, given, commands })) ?? EXIT.misuse;
  return { code, input: seen[0], err: terminal.written.err };
}

const defaults = { loud: false, limit: 5_000, tags: [] };

describe("a command gets the values of", () => {
  const table = [
    ["nothing given", [], {}],
    ["a switch", ["--loud"], { loud: true }],
    ["its letter", ["-l"], { loud: true }],
    ["a switch turned off", ["--loud", "--no-loud"], { loud: false }],
    ["a switch with a value", ["--loud=off"], { loud: false }],
    ["a text", ["--name", "ann"], { name: "ann" }],
    ["a text behind =", ["--name=ann=bo"], { name: "ann=bo" }],
    ["a text behind a letter", ["-m", "ann"], { name: "ann" }],
    ["a text glued to a letter", ["-mann"], { name: "ann" }],
    ["a text glued to a letter by =", ["-m=ann"], { name: "ann" }],
    ["a text that begins with a hyphen", ["-m", "-1"], { name: "-1" }],
    ["a text that is only a hyphen", ["--name", "-"], { name: "-" }],
    ["a flag given twice", ["--name", "ann", "--name", "bo"], { name: "bo" }],
    ["a count", ["-n3"], { times: 3 }],
    ["a number", ["--rate", "0.5"], { rate: 0.5 }],
    ["a time with a unit", ["--wait", "2s"], { wait: 2000 }],
    ["a time without one", ["--wait=200"], { wait: 200 }],
    ["a time in place of the usual one", ["--limit", "1m"], { limit: 60_000 }],
    ["a size", ["--room", "4KiB"], { room: 4096 }],
    ["a choice", ["--kind", "Tea"], { kind: "tea" }],
    ["a list", ["--tag", "a", "--tag=b"], { tags: ["A", "B"] }],
    ["a text that is read", ["--half", "4"], { half: 4 }],
  ] as const;
  test.each(table)("%s", async (_what, argv, values) => {
    for (const whole of [
      ["try", "x", ...argv],
      [...argv, "try", "x"],
      ["try", ...argv, "x"],
    ]) {
      const { code, input, err } = await run(whole);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(input).toEqual({ options: { ...defaults, ...values }, operands: { first: "x" } });
    }
  });

  test.each([
    ["one operand", ["try", "x"], { first: "x" }],
    ["two", ["try", "x", "y"], { first: "x", second: "y" }],
    ["an empty one that may be left out", ["try", "x", ""], { first: "x", second: "" }],
    ["a hyphen", ["try", "x", "-"], { first: "x", second: "-" }],
    ["words behind --", ["try", "--", "-x", "--loud"], { first: "-x", second: "--loud" }],
    ["many", ["many", "a", "b", "c"], { all: ["a", "b", "c"] }],
  ] as const)("%s", async (_what, argv, operands) => {
    const { code, input } = await run(argv);
    expect(code).toBe(0);
    expect(input).toMatchObject({ operands });
  });

  test("a variable, where there is no flag", async () => {
    const options = async (argv: readonly string[], env: Readonly<Record<string, string>>) =>
      (await run(["try", "x", ...argv], env)).input;
    expect(await options([], { TRY_NAME: "ann" })).toMatchObject({ options: { name: "ann" } });
    expect(await options(["-m", "bo"], { TRY_NAME: "ann" })).toMatchObject({
      options: { name: "bo" },
    });
    expect(await options([], { TRY_NAME: "" })).toMatchObject({ options: defaults });
  });
});

describe("a mistake is told and nothing runs:", () => {
  const table = [
    [["try"], "Cannot run try without FIRST: expected stompbox try FIRST [SECOND] [OPTION]..."],
    [["many"], "Cannot run many without WORD: expected stompbox many WORD..."],
    [["try", ""], 'Cannot run try with "" as FIRST: expected FIRST'],
    [["try", "x", "y", "z"], 'Unexpected "z": stompbox try takes no such word'],
    [["try", "x", "--name"], "Cannot use --name without a value: expected --name NAME"],
    [["try", "x", "-m", "--loud"], "Cannot use -m without a value: expected --name NAME"],
    [["try", "x", "--name", ""], 'Cannot use "" as --name: expected a text that is not empty'],
    [
      ["try", "x", "--times", "11"],
      'Cannot use "11" as --times: expected a whole number from 1 to 10',
    ],
    [["try", "x", "--times", "1.5"], 'Cannot use "1.5" as --times'],
    [["try", "x", "--times", "1e1"], 'Cannot use "1e1" as --times'],
    [["try", "x", "--rate", "0.4"], 'Cannot use "0.4" as --rate: expected a number from 0.5 to 10'],
    [["try", "x", "--wait", "1y"], 'Cannot use "1y" as --wait: expected 10ms to 1m'],
    [["try", "x", "--room", "1MiB"], 'Cannot use "1MiB" as --room: expected 1 to 4KiB'],
    [["try", "x", "--kind", "milk"], 'Cannot use "milk" as --kind: expected tea | coffee'],
    [["try", "x", "--half", "3"], 'Cannot halve "3" (--half)'],
    [["try", "x", "--loud", "--kind", "tea"], "Cannot drink tea loudly"],
    [["try", "x", "--lod"], 'Unknown option "--lod": did you mean --loud?'],
    [["try", "x", "--frobnicate", "3"], 'Unknown option "--frobnicate": see stompbox try --help'],
    [["try", "x", "-q"], 'Unknown option "-q": see stompbox try --help'],
    [["try", "x", "--config", "a.toml"], 'Unknown option "--config"'],
  ] as const;
  test.each(table)("%p", async (argv, sentence) => {
    const { code, input, err } = await run(argv);
    expect({ code, input }).toEqual({ code: 2, input: undefined });
    expect(err).toStartWith("stompbox: 1 mistake\n");
    expect(err).toContain(`  ${sentence}`);
  });

  test("one of a variable names the variable", async () => {
    const long = "x".repeat(1000);
    const { err } = await run(["try", "x", "-n", long], { TRY_NAME: "ann" });
    expect(err.length).toBeLessThan(300);
  });
});
