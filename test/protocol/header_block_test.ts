/** What a message keeps of the sender's own lines. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { plainHeaders } from "../../src/protocol/header_block.ts";
import { checkProperty } from "./check_property.ts";

const LINES = "destination:/queue/a\nreply-to:/temp-queue/r\nown:destination\n";

test("Other values stand where those before stood, and the lines stay lines", () => {
  const changed = plainHeaders(LINES).with({ "reply-to": "/remote-temp-queue/x", none: "1" });
  expect(changed?.between).toBe(
    "\ndestination:/queue/a\nreply-to:/remote-temp-queue/x\nown:destination\n\n",
  );
});

test("A header that comes twice is changed twice, and one whose name ends alike is not", () => {
  const headers = plainHeaders("to:1\nreply-to:2\nto:3\n");
  expect(headers.with({ to: "x" })?.list()).toEqual(["to", "x", "reply-to", "2", "to", "x"]);
});

test.each(["a:b", "a\\b", "a\nb", "a\rb", " a", "\ta"])(
  "With a value that some version would escape or trim it is no lines any more: %p",
  (value) => expect(plainHeaders(LINES).with({ destination: value })).toBeUndefined(),
);

test("Whatever is changed, the others stay as they are", () => {
  const name = fc.constantFrom("a", "b", "aa", "a-b", "destination");
  const value = fc.constantFrom("", "1", "a", "b 1", "destination", "é");
  const headers = fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 6 });
  const values = fc.dictionary(name, value, { maxKeys: 3 });
  checkProperty(
    fc.property(headers, values, (all, changes) => {
      const lines = all.map(([each, text]) => `${each}:${text}\n`).join("");
      const expected = all.flatMap(([each, text]) => [each, changes[each] ?? text]);
      expect(plainHeaders(lines).with(changes)?.list()).toEqual(expected);
    }),
  );
});
