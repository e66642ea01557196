import { expect, test } from "bun:test";
import { globOf, isSystemName, isWildcardName } from "../../console/destinations/topic_name.ts";
import { isSystemName as isSystemOfBroker } from "../../src/broker/destination.ts";
import { frameMatcher, parseFrameQuery } from "../../console/frames/frame_query.ts";
import { TopicTree } from "../../src/broker/topic_tree.ts";
import { someFrame } from "./frames_sample.ts";

const NAMES = [
  "a",
  "a.b",
  "a.b.c",
  "a/b",
  "x",
  "ab",
  "ab.c",
  "x.a.c",
  "$system",
  "$system.x",
  "$systems",
];
const PATTERNS = [">", "a.>", "a.#", "a/**", "*.b", "a.*.c", ">.c", "a.>.c", "*"];

test.each(PATTERNS)("the frames of pattern %s are all that it covers", (pattern) => {
  expect(isWildcardName(pattern)).toBe(true);
  const tree = new TopicTree<true>();
  tree.add(pattern, true);
  const shows = frameMatcher(parseFrameQuery(`dest:${globOf(`/topic/${pattern}`)}`));
  const covered = NAMES.filter((name) => tree.match(name).length > 0);
  expect(covered).not.toEqual([]);
  const shown = covered.filter((name) =>
    shows(someFrame({ headers: [["destination", `/topic/${name}`]] })),
  );
  expect(shown).toEqual(covered);
});

test.each(NAMES)("name %s is no pattern, and the broker's own where the broker says so", (name) => {
  expect(isWildcardName(name)).toBe(false);
  expect(isSystemName(name)).toBe(isSystemOfBroker(name));
});
