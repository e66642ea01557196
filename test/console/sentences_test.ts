import { describe, expect, test } from "bun:test";
import { heartBeatSentence } from "../../console/connections/heart_beat_sentence.ts";
import { jsonProblem } from "../../console/destinations/json_problem.ts";
import { publishHeaders } from "../../console/destinations/publish_headers.ts";

describe("Heart-beats in words", () => {
  test.each([
    ["", "", "none asked for"],
    ["0,0", "0,0", "none (asked 0,0, granted 0,0)"],
    [
      "10000,5000",
      "10000,10000",
      "from it every 10 s, to it every 10 s (asked 10000,5000, granted 10000,10000)",
    ],
    ["0,5000", "2000,10000", "none from it, to it every 5 s (asked 0,5000, granted 2000,10000)"],
    ["500,0", "0,100", "from it every 500 ms, none to it (asked 500,0, granted 0,100)"],
    ["soon,later", "0,0", "asked for soon,later"],
    ["1,1", "", "asked for 1,1"],
  ])("asked %j, granted %j", (asked, granted, sentence) => {
    expect(heartBeatSentence(asked, granted)).toBe(sentence);
  });
});

describe("Headers of the form that publishes", () => {
  test("begin with the content type", () => {
    expect(publishHeaders("priority: 7\nurl:http://a:1\n\n", "text/plain")).toEqual({
      headers: [
        ["content-type", "text/plain"],
        ["priority", "7"],
        ["url", "http://a:1"],
      ],
      mistakes: [],
    });
    expect(publishHeaders("", "").headers).toEqual([]);
  });

  test.each([
    "destination:/queue/a",
    "Content-Type: x",
    "content-length:1",
    "receipt:1",
    "transaction:t",
  ])("do not take %j", (line) => {
    const { mistakes } = publishHeaders(line, "");
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toStartWith(`Cannot send the header "${line.split(":")[0]}": `);
  });

  test("say what is wrong with a line", () => {
    expect(publishHeaders("no colon", "").mistakes).toHaveLength(1);
  });
});

test("what is not JSON is told why", () => {
  expect(jsonProblem('{"a":1}')).toBeUndefined();
  expect(jsonProblem("{a:1}")).toBeString();
});
