import { expect, test } from "bun:test";
import { keysIn, takeScreen } from "../../src/cli/full_screen.ts";
import { fakeTerminal } from "./fake_terminal.ts";

const keys = [
  ["q", ["q"]],
  ["Q", ["q"]],
  ["abcd", ["a", "b", "c", "d"]],
  ["A", ["a"]],
  ["\t", ["tab"]],
  ["\x03", ["ctrl-c"]],
  ["\x1b[A\x1b[B\x1b[C\x1b[D", ["up", "down", "right", "left"]],
  ["\x1bOA\x1bOD", ["up", "left"]],
  ["p\x1b[Cq", ["p", "right", "q"]],
  ["\x1b[3~s", ["s"]],
  ["\x1b[1;5Cs", ["s"]],
  ["\x1b[<0;12;5Ms", ["s"]],
  ["\x1b", []],
  ["ü", ["ü"]],
] as const;
test.each(keys)("%p are the keys %p", (text, expected) => {
  expect<readonly string[]>(keysIn(text)).toEqual([...expected]);
});

test("a screen is taken, drawn over without being wiped, and given back once", () => {
  const terminal = fakeTerminal({ isTerminal: true, size: { columns: 80, rows: 2 } });
  const screen = takeScreen(terminal);
  expect(terminal.isRaw()).toBe(true);
  screen.draw(["one", "two", "three"]);
  screen.close();
  screen.close();
  screen.draw(["late"]);
  expect(terminal.isRaw()).toBe(false);
  expect(terminal.written.out).toBe(
    [
      "\x1b[?1049h\x1b[?25l\x1b[2J",
      "\x1b[?2026h\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J\x1b[?2026l",
      "\x1b[?25h\x1b[?1049l",
    ].join(""),
  );
});

test("what nobody has seen yet is not drawn again", () => {
  const reader = { isThere: true };
  const terminal = fakeTerminal({ isTerminal: true, stuck: () => !reader.isThere });
  const screen = takeScreen(terminal);
  reader.isThere = false;
  screen.draw(["one"]);
  reader.isThere = true;
  screen.draw(["two"]);
  expect(terminal.written.out).not.toContain("one");
  expect(terminal.written.out).toContain("two");
});
