import { describe, expect, test } from "bun:test";
import { type ClientSettings, planConnection } from "../../console/client/client_settings.ts";
import { readHeaderLines } from "../../console/client/header_lines.ts";

const SETTINGS: ClientSettings = {
  url: "ws://localhost:61614/",
  login: "",
  passcode: "",
  virtualHost: "",
  versions: "1.2,1.1,1.0",
  heartBeatOut: "10000",
  heartBeatIn: "0",
  headers: "",
};

describe("what is filled in to connect", () => {
  test("becomes a plan in which empty fields are no headers", () => {
    expect(planConnection(SETTINGS).plan).toEqual({
      url: "ws://localhost:61614/",
      versions: ["1.2", "1.1", "1.0"],
      heartBeatOutMs: 10_000,
      heartBeatInMs: 0,
      headers: {},
    });
  });

  test("has login, passcode, virtual host and further headers", () => {
    const settings = {
      ...SETTINGS,
      url: "  wss://example.org/ws ",
      login: "ann",
      passcode: " p:w ",
      virtualHost: "/",
      versions: "1.1",
      headers: "client-id: c1\nlogin:overridden\n",
    };
    expect(planConnection(settings).plan).toMatchObject({
      url: "wss://example.org/ws",
      versions: ["1.1"],
      headers: { "client-id": "c1", login: "ann", passcode: " p:w ", host: "/" },
    });
  });

  test.each([
    [{ url: "" }, 'Cannot connect to "": no URL, expected ws://HOST:PORT/ or wss://…'],
    [{ url: "localhost:61614" }, /a page can only use WebSockets/],
    [{ url: "tcp://localhost:61613" }, /a page can only use WebSockets/],
    [{ url: "http://localhost" }, /a page can only use WebSockets/],
    [{ url: "ws://a:b@localhost" }, /use the fields for login and passcode/],
    [{ url: "ws://localhost/#x" }, /leave out the #/],
    [{ heartBeatOut: "" }, 'Cannot send heart-beats every "" ms: expected 0 to 3600000'],
    [{ heartBeatIn: "-1" }, 'Cannot get heart-beats every "-1" ms: expected 0 to 3600000'],
    [{ heartBeatIn: "3600001" }, /expected 0 to 3600000/],
    [{ headers: "abc" }, 'Cannot send the header "abc": expected name:value'],
  ])("%j is told about", (change, mistake) => {
    const { plan, mistakes } = planConnection({ ...SETTINGS, ...change });
    expect(plan).toBeUndefined();
    expect(mistakes).toEqual([expect.stringMatching(mistake)]);
  });

  test("tells every mistake at once", () => {
    const wrong = { ...SETTINGS, url: "x", heartBeatIn: "x", headers: ":x" };
    expect(planConnection(wrong).mistakes).toHaveLength(3);
  });
});

describe("lines of headers", () => {
  test.each([
    ["", []],
    ["\n \n", []],
    ["a:b", [["a", "b"]]],
    [
      " a : b c \nd:",
      [
        ["a", "b c"],
        ["d", ""],
      ],
    ],
    ["a:b:c", [["a", "b:c"]]],
    [
      "a:b\r\nc:d",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
  ] as const)("%j are %j", (text, headers) => {
    expect<unknown>(readHeaderLines(text)).toEqual({ headers, mistakes: [] });
  });

  test("say which of them cannot be sent", () => {
    const { headers, mistakes } = readHeaderLines(`a:1\nabc\n:x\na:2\n${"x".repeat(80)}`);
    expect(headers).toEqual([["a", "1"]]);
    expect(mistakes).toEqual([
      'Cannot send the header "abc": expected name:value',
      'Cannot send the header ":x": expected name:value',
      'Cannot send the header "a" twice: only the first would count',
      `Cannot send the header "${"x".repeat(60)}…": expected name:value`,
    ]);
  });
});
