import { describe, expect, test } from "bun:test";
import { CODES } from "../../src/cli/explain.ts";
import { EXPLANATIONS } from "../../src/cli/explanations.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import { OPTIONS } from "../../src/config.ts";
import { REFUSALS } from "../../src/fault.ts";
import { fakeTerminal } from "./fake_terminal.ts";

async function run(...argv: string[]) {
  const terminal = fakeTerminal();
  const code = await runCli(["explain", ...argv], terminal);
  return { code, ...terminal.written };
}

describe.each(CODES.map((code) => [code] as const))("the explanation of %s", (code) => {
  const { cause, cure } = EXPLANATIONS[code];

  test("says why and what to do, in whole sentences", () => {
    for (const text of [cause, cure]) {
      expect(text).toMatch(/^[A-Z].{10,}[.]$/s);
      expect(text).not.toMatch(/\s\s|\n/);
    }
    expect(cause).not.toBe(cure);
  });

  test("names only options that exist", () => {
    const flags = new Set(OPTIONS.map(({ flag }) => flag));
    const named = `${cause} ${cure}`.match(/--[a-z][a-z.-]*[a-z]/g) ?? [];
    expect(named.filter((flag) => !flags.has(flag))).toEqual([]);
  });

  test("is printed for the code, for its header, and for a frame with it", async () => {
    const { message } = REFUSALS[code];
    const frame = `ERROR\nmessage:${message}\ncode:${code}\nretry:false\n\nCannot do it`;
    const plain = await run(code);
    expect(plain).toMatchObject({ code: 0, err: "" });
    expect(plain.out).toStartWith(`${code}: ${message}\n`);
    expect(plain.out.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(plain.out.replace(/\s+/g, " ")).toContain(`Cure: ${cure}`);
    expect(plain.out.replace(/\s+/g, " ")).toContain(cause);
    for (const words of [`code:${code}`, ` CODE: ${code} `, frame]) {
      expect(await run(words)).toEqual(plain);
    }
  });
});

test("without a code all are listed", async () => {
  const { code, out } = await run();
  expect(code).toBe(0);
  const lines = out.trimEnd().split("\n");
  expect(lines.map((line) => line.split(/\s+/)[0] ?? "")).toEqual([...CODES]);
  expect(lines.length).toBe(Object.keys(REFUSALS).length);
});

describe("a code that there is not", () => {
  const table = [
    ["queue-ful", 'Unknown code "queue-ful": did you mean queue-full?'],
    ["code:queuefull", 'Unknown code "queuefull": did you mean queue-full?'],
    ["zzzz", 'Unknown code "zzzz": see stompbox explain for all of them'],
    ["toString", 'Unknown code "tostring": see stompbox explain for all of them'],
    ["x".repeat(10_000), `Unknown code "${"x".repeat(80)}": `],
  ] as const;
  test.each(table)("is told: %p", async (word, sentence) => {
    const { code, out, err } = await run(word);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(sentence);
  });
});
