import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { likePattern } from "../../src/broker/like_pattern.ts";
import { destinationPattern } from "../../src/cli/destination_pattern.ts";
import { checkProperty } from "../protocol/check_property.ts";

/** Whether the broker's LIKE lets a destination through. */
function isLike(name: string, pattern: string): boolean {
  return likePattern(pattern, "!")?.(name) === true;
}

const table = [
  ["/queue/orders", ["/queue/orders"], ["/queue/orders.a", "/queue/order", "/topic/orders"]],
  ["/queue/*", ["/queue/a", "/queue/a-b"], ["/queue/a.b", "/queue/a/b", "/queue/", "/topic/a"]],
  ["/queue/*.b", ["/queue/a.b"], ["/queue/b", "/queue/a/b", "/queue/a.b.b"]],
  ["/queue/>", ["/queue/a", "/queue/a.b/c", "/queue"], ["/queues/a", "/topic/a"]],
  ["/queue/a.>", ["/queue/a", "/queue/a.b", "/queue/a.b.c"], ["/queue/ab", "/queue/a/b"]],
  ["/queue/a.#", ["/queue/a", "/queue/a.b"], ["/queue/b"]],
  ["/queue/a.**.z", ["/queue/a.z", "/queue/a.b.z", "/queue/a.b.c.z"], ["/queue/a.b", "/queue/az"]],
  [">", ["/queue/a", "anything"], []],
  ["/topic/a+b(c", ["/topic/a+b(c"], ["/topic/aab(c"]],
  ["/queue/a%_!b", ["/queue/a%_!b"], ["/queue/axx!b"]],
  [
    "/queue/a",
    ["/queue/a,/topic/b", "/topic/b,/queue/a", "/topic/b, /queue/a"],
    ["/topic/b,/queue/ab"],
  ],
] as const;

describe.each(table)("%s", (pattern, meant, others) => {
  const { matches, like } = destinationPattern(pattern);

  test("means those that it should and no others", () => {
    expect(meant.filter((name) => !matches(name))).toEqual([]);
    expect(others.filter((name) => matches(name))).toEqual([]);
  });

  test("has a LIKE that lets through whatever it means", () => {
    expect(meant.filter((name) => !isLike(name, like))).toEqual([]);
  });
});

test("whatever a pattern means, its LIKE lets it through", () => {
  const segment = fc.constantFrom("a", "b", "%", "_", "!", "*", ">", "#", "**");
  const ends = fc.constantFrom("/", ".");
  const path = fc
    .array(fc.tuple(segment, ends), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.flat().slice(0, -1).join(""));
  const name = path.map((text) => text.replace(/[*>#]+/g, "a"));
  checkProperty(
    fc.property(path, name, (pattern, destination) => {
      const { matches, like } = destinationPattern(pattern);
      return !matches(destination) || isLike(destination, like);
    }),
  );
});
