import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Destination, parseDestination } from "../../src/broker/destination.ts";
import { Fault } from "../../src/fault.ts";
import { checkProperty } from "../protocol/check_property.ts";

function outcome(path: string, use: "send" | "subscribe"): Destination | string {
  try {
    return parseDestination(path, use);
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}

describe("Destinations", () => {
  const refused = "bad-destination";
  const table: readonly (readonly [path: string, send: string, subscribe: string])[] = [
    ["/queue/a", "queue a", "queue a"],
    ["/topic/a.b/c", "topic a.b/c", "topic a.b/c"],
    ["/temp-queue/a", "temp-queue a", "temp-queue a"],
    ["/temp-topic/a", "temp-topic a", "temp-topic a"],
    ["/queue//a", "queue /a", "queue /a"],
    ["/queue/é 🙂", "queue é 🙂", "queue é 🙂"],
    ["/topic/a.*", refused, "topic a.* pattern"],
    ["/topic/>", refused, "topic > pattern"],
    ["/topic/a.**.b", refused, "topic a.**.b pattern"],
    ["/queue/#", refused, "queue # pattern"],
    ["/topic/a*", "topic a*", "partial-wildcard"],
    ["/topic/a.b>c", "topic a.b>c", "partial-wildcard"],
    ["/topic/***", "topic ***", "partial-wildcard"],
    ["/topic/a*.>", refused, "partial-wildcard"],
    ["/queue/", refused, refused],
    ["/queue", refused, refused],
    ["queue/a", refused, refused],
    ["/Queue/a", refused, refused],
    ["/queues/a", refused, refused],
    ["", refused, refused],
    ["/queue/a\nb", refused, refused],
    ["/queue/a\0", refused, refused],
    ["/queue/a\x7f", refused, refused],
    [`/queue/${"a".repeat(4_096)}`, `queue ${"a".repeat(4_096)}`, `queue ${"a".repeat(4_096)}`],
    [`/queue/${"a".repeat(4_097)}`, refused, refused],
    [`/queue/${"a.".repeat(63)}a`, `queue ${"a.".repeat(63)}a`, `queue ${"a.".repeat(63)}a`],
    [`/queue/${"a.".repeat(64)}a`, refused, refused],
  ];
  for (const [path, send, subscribe] of table) {
    const shown = path.length > 40 ? `${path.slice(0, 40)}… (${path.length})` : path;
    test(JSON.stringify(shown), () => {
      const described = (["send", "subscribe"] as const).map((use) => {
        const read = outcome(path, use);
        if (typeof read === "string") return read;
        return `${read.kind} ${read.name}${read.pattern ? " pattern" : ""}`;
      });
      expect(described).toEqual([send, subscribe]);
    });
  }

  test("whatever is read is told again by its path, and only subscribers name patterns", () => {
    const path = fc
      .tuple(
        fc.constantFrom("/queue/", "/topic/", "/temp-queue/", "/temp-topic/", "/other/", ""),
        fc.array(fc.constantFrom("a", ".", "/", "*", ">", "#", "\n", "é")),
      )
      .map(([prefix, name]) => prefix + name.join(""));
    checkProperty(
      fc.property(path, (path) => {
        for (const use of ["send", "subscribe"] as const) {
          const read = outcome(path, use);
          if (typeof read === "string") continue;
          expect(read.path).toBe(path);
          expect(`/${read.kind}/${read.name}`).toBe(path);
          if (use === "send") expect(read.pattern).toBe(false);
        }
      }),
    );
  });

  test("a refusal quotes what came, without its control characters and not at length", () => {
    const fault = (path: string): string => {
      try {
        parseDestination(path, "send");
      } catch (error) {
        if (error instanceof Fault) return error.detail;
      }
      return "";
    };
    expect(fault("/queue/a\n\0b")).toContain('"/queue/a\\n\\u0000b"');
    expect(fault(`/nowhere/${"x".repeat(5_000)}`).length).toBeLessThan(250);
  });
});
