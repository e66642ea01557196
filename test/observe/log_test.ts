import { describe, expect, test } from "bun:test";
import type { BrokerEvent } from "../../src/observe/events.ts";
import {
  createLog,
  hideSecrets,
  LOG_LEVELS,
  levelOf,
  type LogOptions,
} from "../../src/observe/log.ts";

const peer = { transport: "ws", address: "127.0.0.1", port: 5000 };
const connected: BrokerEvent = {
  type: "connected",
  connection: 7,
  peer,
  version: "1.2",
  login: "ann",
};
const refused: BrokerEvent = {
  type: "refused",
  connection: 7,
  peer,
  code: "bad-destination",
  detail: 'Cannot send to "x": unknown prefix',
};
const events: readonly BrokerEvent[] = [
  connected,
  { type: "disconnected", connection: 7, peer, reason: "gone" },
  refused,
  {
    type: "origin-refused",
    peer,
    rule: "same origin only",
    seen: "https://evil.example",
    remedy: "--allow-origin https://evil.example",
  },
  { type: "slow", connection: 7, peer, detail: "outbox over half" },
  { type: "dead-lettered", destination: "/queue/a", messageId: "m-1", reason: "rejected" },
  { type: "notice", text: "no ::1 here" },
];

const notice: BrokerEvent = { type: "notice", text: "no ::1 here" };

function linesOf(logged: readonly BrokerEvent[], options: Partial<LogOptions> = {}): string[] {
  const lines: string[] = [];
  const write = (line: string): number => lines.push(line);
  const log = createLog({ level: "debug", format: "human", write, now: () => 0, ...options });
  for (const event of logged) log.observe(event);
  return lines;
}

/** A log of JSON lines on a clock that stands until told, read by whoever has room. */
function startLog(level: LogOptions["level"] = "debug") {
  const world = { now: 0, hasRoom: true };
  const lines: string[] = [];
  const log = createLog({
    level,
    format: "json",
    write: (line) => lines.push(line),
    now: () => world.now,
    hasRoom: () => world.hasRoom,
  });
  const observeTimes = (event: BrokerEvent, count: number): void => {
    for (let n = 0; n < count; n++) log.observe(event);
  };
  /** What was written since this was last asked. */
  const taken = (): unknown[] => lines.splice(0).map((line): unknown => JSON.parse(line));
  return { ...log, world, observeTimes, taken };
}

describe("levels", () => {
  const table = [
    ["debug", 7],
    ["info", 7],
    ["warn", 4],
    ["error", 0],
  ] as const;
  test.each(table)("at %s, %d of the events are logged", (level, count) => {
    expect(linesOf(events, { level })).toHaveLength(count);
  });

  const codes = [
    ["internal-error", "error"],
    ["shutting-down", "debug"],
    ["bad-header", "warn"],
  ] as const;
  test.each(codes)("the refusal %s is logged at %s", (code, level) => {
    expect(levelOf({ ...refused, code })).toBe(level);
  });

  test("are ordered", () => {
    expect(LOG_LEVELS).toEqual(["debug", "info", "warn", "error"]);
  });
});

describe("lines for people", () => {
  test("say time, level and what happened", () => {
    expect(linesOf(events)).toEqual([
      '00:00:00.000 info  #7 connected from ws 127.0.0.1:5000 as "ann", STOMP 1.2',
      "00:00:00.000 info  #7 disconnected from ws 127.0.0.1:5000: gone",
      '00:00:00.000 warn  #7 refused, ws 127.0.0.1:5000: bad-destination: Cannot send to "x": unknown prefix',
      '00:00:00.000 warn  Refused "https://evil.example" of ws 127.0.0.1:5000: same origin only; to allow it: --allow-origin https://evil.example',
      "00:00:00.000 warn  #7 slow, ws 127.0.0.1:5000: outbox over half",
      "00:00:00.000 warn  Dead-lettered m-1 of /queue/a: rejected",
      "00:00:00.000 info  no ::1 here",
    ]);
  });

  test("carry colours only when asked to", () => {
    expect(linesOf(events).join()).not.toContain("\x1b");
    expect(linesOf([connected], { color: true })[0]).toContain("\x1b[36minfo \x1b[0m");
  });

  test("put an IPv6 address in brackets", () => {
    const [line] = linesOf([{ ...connected, peer: { ...peer, address: "::1" } }]);
    expect(line).toContain("ws [::1]:5000");
  });

  test("name the private cause", () => {
    const [line] = linesOf([{ ...refused, cause: new TypeError("disk on fire") }]);
    expect(line).toContain("(cause: TypeError: disk on fire)");
  });

  test("show the stack of an internal error, in the same line", () => {
    const event = { ...refused, code: "internal-error", cause: new Error("bug") };
    const [line = ""] = linesOf([event]);
    expect(line).toContain("log_test.ts");
    expect(line).not.toContain("\n");
  });

  test("cannot be forged by what a peer sent", () => {
    const login = 'x"\r\n00:00:00.000 info  forged\x1b[2J\u009b31m\u202e\u200b\udc00';
    const lines = linesOf([{ ...connected, login }]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    expect(lines[0]).toContain(
      "\\r\\n00:00:00.000 info  forged\\x1b[2J\\x9b31m\\u202e\\u200b\\udc00",
    );
  });
});

describe("lines for machines", () => {
  test("are one JSON object an event", () => {
    const lines = linesOf(events, { format: "json" });
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject(
      events.map(({ type, ...fields }) => ({
        time: "1970-01-01T00:00:00.000Z",
        event: type,
        ...fields,
      })),
    );
  });

  test("hold of a peer what the event promises, whatever the teller has in hand", () => {
    const wire = { ...peer, buffered: 7 };
    const [line = ""] = linesOf([{ ...connected, peer: wire }], { format: "json" });
    expect(JSON.parse(line)).toHaveProperty("peer", peer);
  });

  test("keep controls and reordering marks escaped, and the value whole", () => {
    const login = "a\n\x1b\u007f\u009b\u2028\u202e\u200f\u200b\u{e0041}\ud800b";
    const [line = ""] = linesOf([{ ...connected, login }], { format: "json" });
    expect(line).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(line)).toMatchObject({ login });
  });

  test("carry the cause of a refusal as text", () => {
    const [line = ""] = linesOf([{ ...refused, cause: new Error("why") }], { format: "json" });
    expect(JSON.parse(line)).toMatchObject({ cause: "Error: why" });
  });
});

describe("a flood", () => {
  const flooding = [
    ["refusals", refused, { of: "refused", code: "bad-destination", level: "warn" }],
    [
      "errors of ours",
      { ...refused, code: "internal-error" },
      { of: "refused", code: "internal-error", level: "error" },
    ],
    ...events
      .filter(({ type }) => ["origin-refused", "slow", "dead-lettered"].includes(type))
      .map((event) => [event.type, event, { of: event.type, level: "warn" }] as const),
  ] as const;
  test.each(flooding)("of %s is ten lines and one that counts the rest", (_name, event, sum) => {
    const { observeTimes, world, tick, taken } = startLog();
    observeTimes(event, 100_000);
    expect(taken()).toHaveLength(10);
    world.now = 999;
    tick();
    expect(taken()).toEqual([]);
    world.now = 1000;
    tick();
    const time = "1970-01-01T00:00:01.000Z";
    expect(taken()).toEqual([{ time, event: "summed-up", ...sum, count: 99_990, ms: 1000 }]);
    tick();
    expect(taken()).toEqual([]);
  });

  test("of one code leaves the lines of the others", () => {
    const { observe, observeTimes, taken } = startLog();
    observeTimes(refused, 50);
    taken();
    observe({ ...refused, code: "login-timeout" });
    expect(taken()).toMatchObject([{ event: "refused", code: "login-timeout" }]);
  });

  test("of ten is ten lines", () => {
    const { observeTimes, flush, taken } = startLog();
    observeTimes(refused, 10);
    flush();
    expect(taken()).toHaveLength(10);
  });

  test("is summed up before its like is told again, without any tick", () => {
    const { observe, observeTimes, world, taken } = startLog();
    observeTimes(refused, 12);
    taken();
    world.now = 5000;
    observe(refused);
    expect(taken()).toMatchObject([{ event: "summed-up", count: 2 }, { event: "refused" }]);
  });

  test("is summed up at the end, and when the clock was set back", () => {
    const { observeTimes, world, tick, flush, taken } = startLog();
    world.now = 10_000;
    observeTimes(refused, 12);
    taken();
    world.now = 9000;
    tick();
    expect(taken()).toMatchObject([{ event: "summed-up", count: 2 }]);
    observeTimes(refused, 13);
    taken();
    flush();
    expect(taken()).toMatchObject([{ event: "summed-up", count: 3 }]);
  });

  test.each(["connected", "disconnected", "notice"] as const)(
    "of %s is a hundred lines",
    (type) => {
      const { observeTimes, flush, taken } = startLog();
      const [event = connected] = events.filter((each) => each.type === type);
      observeTimes(event, 5000);
      expect(taken()).toHaveLength(100);
      flush();
      expect(taken()).toMatchObject([{ event: "summed-up", of: type, level: "info", count: 4900 }]);
    },
  );

  test("is told to people in a sentence", () => {
    const lines: string[] = [];
    const log = createLog({
      level: "info",
      format: "human",
      write: (line) => lines.push(line),
      now: () => 0,
    });
    for (let n = 0; n < 64; n++) log.observe({ ...refused, code: "login-timeout" });
    log.flush();
    expect(lines.at(-1)).toBe("00:00:00.000 warn  54 more refused within a second: login-timeout");
  });
});

describe("lines that nobody takes", () => {
  test("are counted instead of kept, and told when there is room again", () => {
    const { observe, observeTimes, world, tick, taken } = startLog();
    world.hasRoom = false;
    observeTimes(notice, 30);
    tick();
    expect(taken()).toEqual([]);
    world.hasRoom = true;
    observe(notice);
    expect(taken()).toMatchObject([
      { event: "lines-lost", level: "warn", count: 30 },
      { event: "notice" },
    ]);
    observe(notice);
    expect(taken()).toMatchObject([{ event: "notice" }]);
  });

  test.each(["tick", "flush"] as const)("are told of at a %s", (name) => {
    const log = startLog();
    log.world.hasRoom = false;
    log.observe(notice);
    log.world.hasRoom = true;
    log[name]();
    expect(log.taken()).toMatchObject([{ event: "lines-lost", count: 1 }]);
  });

  test("are no news where only errors are", () => {
    const { observe, world, tick, taken } = startLog("error");
    world.hasRoom = false;
    observe({ ...refused, code: "internal-error" });
    world.hasRoom = true;
    tick();
    expect(taken()).toEqual([]);
  });
});

describe("long values", () => {
  const long = "x".repeat(16_000);
  const table = [
    [{ ...connected, login: long }, { login: `${"x".repeat(80)}…` }],
    [
      { type: "origin-refused", peer, rule: "r", seen: long, remedy: long },
      { seen: `${"x".repeat(300)}…`, remedy: `${"x".repeat(300)}…` },
    ],
  ] as const;
  test.each(table)("are cut", (event, shown) => {
    const [line = ""] = linesOf([event], { format: "json" });
    expect(JSON.parse(line)).toMatchObject(shown);
    expect(linesOf([event])[0]?.length).toBeLessThan(1000);
  });

  test("of 80 characters are whole", () => {
    const login = "x".repeat(80);
    expect(linesOf([{ ...connected, login }])[0]).toContain(`"${login}"`);
  });
});

describe("secrets", () => {
  const table = [
    ["passcode:hunter2", "passcode:***"],
    ["GET /stomp?access_token=abc.def&x=1", "GET /stomp?access_token=***&x=1"],
    ['{"password":"hunter2","a":1}', '{"password":"***","a":1}'],
    ["Authorization: Bearer abc.def", "Authorization: Bearer ***"],
    ["api-key = k123, next", "api-key = ***, next"],
    ["the token ring", "the token ring"],
  ] as const;
  test.each(table)("%s is shown as %s", (text, shown) => {
    expect(hideSecrets(text)).toBe(shown);
  });

  test.each(["human", "json"] as const)("do not reach %s lines", (format) => {
    const event = { ...refused, detail: "passcode:hunter2", cause: new Error("token=hunter2") };
    expect(linesOf([event], { format }).join()).not.toContain("hunter2");
  });
});

test("printable text of any language is left as it is", () => {
  const text = "Grüße, 世界 👋 \\ \" '";
  expect(linesOf([{ type: "notice", text }])[0]).toEndWith(text);
});
