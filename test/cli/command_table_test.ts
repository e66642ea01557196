import { describe, expect, test } from "bun:test";
import { commandHelpText, exitsOf, optionUsage } from "../../src/cli/command_help.ts";
import { optionsOf } from "../../src/cli/command_option.ts";
import { CLIENT_VARIABLES } from "../../src/cli/client_variables.ts";
import { CONNECTION } from "../../src/cli/connection_options.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { OPTIONS } from "../../src/config.ts";

const commands = COMMANDS.map((command) => [command.name, command] as const);

describe.each(commands)("%s", (_name, command) => {
  const help = commandHelpText(command);
  const lines = help.trimEnd().split("\n");

  test("has help of at most 24 lines of 80 columns", () => {
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test("has help that begins with an example", () => {
    const [first] = command.examples;
    expect(first).toBeDefined();
    expect(lines[0]).toBe(`  ${first?.line}`);
    for (const { line, about } of command.examples) {
      expect(line).toContain(`stompbox ${command.name}`);
      expect(about).not.toBe("");
    }
  });

  test("has help that names every option, operand and exit code", () => {
    for (const option of command.options) {
      expect(help).toContain(`${optionUsage(option)}  `);
      expect(help).toContain(option.description);
    }
    for (const { placeholder, description } of command.operands) {
      expect(help).toContain(`${placeholder}  `);
      expect(help).toContain(description);
    }
    const ends = exitsOf(command).map(([code, meaning]) => `${code} ${meaning}`);
    expect(help).toContain(`Exit codes: ${ends.join(", ")}.`);
  });

  test("has a summary in the voice of the others", () => {
    expect(command.summary).toMatch(/^[a-z].*[^.]$/);
    expect(command.summary.length).toBeLessThanOrEqual(76);
  });

  test("has no flag, letter or option twice", () => {
    const options = [...command.options, ...command.shared];
    for (const key of ["name", "flag", "short"] as const) {
      const names = options.flatMap((option) => option[key] ?? []);
      expect(names).toEqual([...new Set(names)]);
    }
    const taken = ["--help", "-h", "--version", "-v", "-V"];
    const spelled = options.flatMap(({ flag, short }) => [flag, ...(short ? [short] : [])]);
    expect(spelled.filter((each) => taken.includes(each))).toEqual([]);
    for (const { short } of options)
      if (short !== undefined) expect(short).toMatch(/^-[A-Za-z0-9]$/);
  });

  test("takes further words only behind all others", () => {
    const order = command.operands.map(({ required, repeats }) => (repeats ? 2 : required ? 0 : 1));
    expect(order).toEqual([...order].sort());
    expect(order.filter((each) => each === 2).length).toBeLessThanOrEqual(1);
  });
});

test("a flag takes a value in every command that has it, or in none", () => {
  // The command may stand behind its flags, so what they take must be known before it is.
  const kinds = new Map<string, Set<boolean>>();
  const note = (flag: string, isSwitch: boolean): void => {
    kinds.set(flag, (kinds.get(flag) ?? new Set()).add(isSwitch));
  };
  for (const { flag, kind } of OPTIONS) note(flag, kind === "switch");
  for (const { options, shared } of COMMANDS) {
    for (const { flag, short, kind } of [...options, ...shared]) {
      note(flag, kind === "switch");
      if (short !== undefined) note(short, kind === "switch");
    }
  }
  const both = [...kinds].filter(([, found]) => found.size > 1).map(([flag]) => flag);
  expect(both).toEqual([]);
});

test("no variable of a command is one of the broker's, and the broker knows them all", () => {
  const variables = [
    ...optionsOf(CONNECTION),
    ...COMMANDS.flatMap(({ options }) => options),
  ].flatMap(({ variable }) => variable ?? []);
  expect(new Set(variables)).toEqual(new Set(CLIENT_VARIABLES));
  const brokers = new Set(OPTIONS.map(({ variable }) => variable));
  expect(variables.filter((variable) => brokers.has(variable))).toEqual([]);
});
