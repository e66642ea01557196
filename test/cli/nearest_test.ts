import { describe, expect, test } from "bun:test";
import { editDistance, nearest } from "../../src/cli/nearest.ts";

describe("edit distance", () => {
  const table = [
    ["", "", 0],
    ["abc", "", 3],
    ["abc", "abc", 0],
    ["abc", "abd", 1],
    ["abc", "acb", 1],
    ["kitten", "sitting", 3],
    ["check", "chek", 1],
  ] as const;
  test.each(table)("of %p and %p is %d, both ways round", (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  });

  test("does not toil over a name that is no name", () => {
    expect(editDistance("x".repeat(1_000_000), "listen")).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("the nearest name", () => {
  const names = ["listen", "log", "allow-origin", "limits.headers-max", "limits.frame-bytes-max"];
  const table = [
    ["lisetn", "listen"],
    ["LOG", "log"],
    ["allowOrigin", "allow-origin"],
    ["allow_origin", "allow-origin"],
    ["origin", "allow-origin"],
    ["headers-max", "limits.headers-max"],
    ["frameBytesMax", "limits.frame-bytes-max"],
    ["limit.header-max", "limits.headers-max"],
    ["lgo", "log"],
    ["to", undefined],
    ["lip", undefined],
    ["colour", undefined],
    ["", undefined],
  ] as const;
  test.each(table)("to %p is %p", (word, name) => {
    expect(nearest(word, names)).toBe(name);
  });
});
