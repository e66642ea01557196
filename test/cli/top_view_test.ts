import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  brokerOrders,
  orderCount,
  plainText,
  screenLines,
  type TopChoice,
  type TopPicture,
} from "../../src/cli/top_view.ts";
import type { ConnectionRow, QueueRow } from "../../src/cli/top_poll.ts";
import { checkProperty } from "../protocol/check_property.ts";

const AT = Date.UTC(2030, 0, 31, 12, 0, 0);

function queueRow(name: string, differs: Partial<QueueRow> = {}): QueueRow {
  return {
    ...{ name, path: `/queue/${name}`, kind: "queue", ready: 0, held: 0, delayed: 0, bytes: 0 },
    ...{ consumers: 0, enqueued: 0, dequeued: 0, messagesMax: 10, bytesMax: 10 },
    ...{ inRate: 0, outRate: 0, ...differs },
  };
}

function connectionRow(number: number, differs: Partial<ConnectionRow> = {}): ConnectionRow {
  return {
    ...{ number, peer: { transport: "ws", address: "::1", port: 4711 }, state: "connected" },
    ...{ login: "", version: "1.2", subProtocol: "", connectedAt: AT, heartBeatAsked: "" },
    ...{ heartBeatGranted: "", lastReceivedAt: AT, lastSentAt: AT, subscriptions: 0 },
    ...{ unacknowledged: 0, outboxBytes: 0, paused: false, framesIn: 0, messagesIn: 0 },
    ...{ messagesOut: 0, inRate: 0, outRate: 0, ...differs },
  };
}

function picture(differs: Partial<TopPicture> = {}): TopPicture {
  return {
    url: "ws://localhost:61614",
    status: {
      ...{ name: "stompbox", version: "9.9.9", uptimeMs: 3_600_000, storage: "memory" },
      ...{ login: "anyone", connections: 0, subscriptions: 0, queues: 0, topics: 0 },
      ...{ messagesIn: 0, messagesOut: 0, messagesWaiting: 0, memoryBytes: 0, listeners: [] },
    },
    statusAt: AT - 3_600_000,
    sample: {
      ...{ at: AT, connections: 12, subscriptions: 40, framesInRate: 1300, messagesInRate: 1234 },
      ...{ messagesOutRate: 5400, queueMessages: 120, heldMessages: 3, memoryBytes: 1_258_291 },
      ...{ memoryBytesMax: 512 * 1024 ** 2, residentBytes: 61 * 1024 ** 2, eventLoopDelayMs: 3 },
      ...{ deadLetters: 1, deadLettersNow: 1, refusals: 0 },
    },
    problems: [],
    queues: { rows: [], total: 0 },
    connections: { rows: [], total: 0 },
    ...differs,
  };
}

const CHOICE: TopChoice = {
  ...{ view: "queues", sort: { queues: 0, connections: 0 }, descending: true, paused: false },
};
const SCREEN = { choice: CHOICE, color: false, columns: 120, rows: 24 };

/** First words of the rows of a table, in order. */
function namesIn(text: string): string[] {
  const [, table = ""] = text.split("\n\n");
  return table
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(" ")[0] ?? "");
}

test("the head says how the broker is doing", () => {
  expect(plainText(picture(), CHOICE)).toBe(
    [
      "stompbox 9.9.9 at ws://localhost:61614, up 2 h, 12:00:00 UTC",
      "messages/s  1.2k in, 5.4k out; 1.3k frames in; 12 connections, 40 subscriptions",
      "in queues   120 ready, 3 held; since the start 1 dead letter, 0 refusals",
      "memory      1.2 MiB of 512 MiB for messages, 61 MiB in all; event loop late 3 ms",
      "",
      "No queues",
      "",
    ].join("\n"),
  );
});

test("what is wrong has a line each, and none that drives a terminal", () => {
  const problems = [
    { code: "unread-queue", sentence: 'Queue "a" is not read' },
    { code: "unread-queue", sentence: "Queue \x1b[2J" },
  ] as const;
  const text = plainText(picture({ problems: [...problems] }), CHOICE);
  expect(text).toContain('\n! Queue "a" is not read\n! Queue \\x1b[2J\n');
});

describe("rows are sorted", () => {
  const rows = [
    queueRow("a", { inRate: 1, outRate: 1, ready: 5, oldestAt: AT - 9_000, bytes: 1 }),
    queueRow("b", { inRate: 5, outRate: 0, ready: 1, bytes: 9 }),
    queueRow("c", { inRate: undefined, outRate: undefined, ready: 9, oldestAt: AT - 1_000 }),
    queueRow("d", { inRate: 0, outRate: 9, ready: 0, oldestAt: AT - 60_000, bytes: 5 }),
  ];
  const table = [
    [0, true, ["d", "b", "a", "c"]],
    [0, false, ["a", "b", "d", "c"]],
    [1, true, ["d", "c", "b", "a"]],
    [1, false, ["a", "b", "c", "d"]],
    [2, true, ["b", "a", "d", "c"]],
    [3, true, ["d", "a", "b", "c"]],
    [4, true, ["c", "a", "b", "d"]],
    [7, true, ["d", "a", "c", "b"]],
    [8, false, ["c", "a", "d", "b"]],
  ] as const;
  test.each(table)("by order %p, descending %p: %p", (at, descending, expected) => {
    const choice = { ...CHOICE, descending, sort: { queues: at, connections: 0 } };
    const text = plainText(picture({ queues: { rows, total: 4 } }), choice);
    expect(namesIn(text)).toEqual([...expected]);
  });
});

test("connections say who and from where", () => {
  const rows = [
    connectionRow(7, { login: "ann\x07", subscriptions: 3, outboxBytes: 2048, outRate: 250 }),
    connectionRow(8, { state: "connecting", version: "", lastReceivedAt: AT - 5_000 }),
  ];
  const text = plainText(picture({ connections: { rows, total: 2 } }), {
    ...CHOICE,
    view: "connections",
  });
  expect(text).toContain("\n#7 ann\\x07 ws [::1]:4711 1.2 ");
  expect(text).toMatch(/\n#8 ws \[::1\]:4711 connecting .* 5 s\n/);
});

test("a list that is longer than what the broker gives says so", () => {
  const queues = { rows: [queueRow("a")], total: 5_000 };
  expect(plainText(picture({ queues }), CHOICE)).toEndWith("\n… and 4999 more\n");
});

test("the broker is asked for the rows that the order puts first", () => {
  const asked = Array.from(
    { length: orderCount("queues") },
    (_, at) => brokerOrders({ sort: { queues: at, connections: 0 }, descending: true }).queues,
  );
  expect(asked.map(({ sort, order }) => `${sort} ${order}`)).toEqual([
    ...["enqueued desc", "name desc", "enqueued desc", "enqueued desc", "ready desc", "held desc"],
    ...["consumers desc", "oldestAt asc", "bytes desc"],
  ]);
  const { connections } = brokerOrders({ sort: { queues: 0, connections: 5 }, descending: false });
  expect(connections).toEqual({ sort: "unacknowledged", order: "asc" });
});

describe("on a screen", () => {
  test("the bar says what is shown and which keys there are", () => {
    const [, , , , bar = ""] = screenLines(picture(), SCREEN);
    expect(bar).toBe(
      "[1 queues] 2 connections  0, by activity ▼   q quit  tab view  ←→ s sort  ↑↓ order  p pause",
    );
    const [, , , , narrow = ""] = screenLines(picture(), { ...SCREEN, columns: 80 });
    expect(narrow).toBe(
      "[1 queues] 2 connections  0, by activity ▼   q quit  tab  s sort  ↑↓  p pause",
    );
    const paused = { ...SCREEN, choice: { ...CHOICE, paused: true } };
    expect(screenLines(picture(), paused).join("\n")).toContain("PAUSED");
  });

  test("the column that it is sorted by is marked", () => {
    const queues = { rows: [queueRow("a")], total: 1 };
    const choice = { ...CHOICE, sort: { queues: 4, connections: 0 }, descending: false };
    expect(screenLines(picture({ queues }), { ...SCREEN, choice }).join("\n")).toContain("READY▲");
  });

  test("a view that was not asked for yet is waited for", () => {
    const lines = screenLines(picture({ queues: undefined }), SCREEN);
    expect(lines).toContain("Waiting for the queues");
  });

  test("what is wrong leaves room for the table", () => {
    const problems = Array.from({ length: 30 }, (_, at) => ({
      code: "unread-queue" as const,
      sentence: `Problem ${at}`,
    }));
    const queues = { rows: [queueRow("a")], total: 1 };
    const lines = screenLines(picture({ problems, queues }), SCREEN);
    expect(lines.filter((line) => line.startsWith("! Problem"))).toHaveLength(7);
    expect(lines).toContain("! … and 23 more");
    expect(lines.some((line) => line.startsWith("a "))).toBe(true);
  });

  test("there is no colour unless it is welcome", () => {
    expect(screenLines(picture(), SCREEN).join("")).not.toContain("\x1b");
    expect(screenLines(picture(), { ...SCREEN, color: true })[0]).toStartWith("\x1b[1mstompbox");
  });

  test("nothing is larger than the screen, whatever its size", () => {
    const rows = Array.from({ length: 50 }, (_, at) => queueRow(`名前-${"x".repeat(at)}`));
    const shown = picture({ queues: { rows, total: 50 } });
    const columns = fc.integer({ min: 1, max: 200 });
    const height = fc.integer({ min: 1, max: 80 });
    checkProperty(
      fc.property(columns, height, (width, most) => {
        const lines = screenLines(shown, { ...SCREEN, columns: width, rows: most });
        return lines.length <= most && lines.every((line) => Bun.stringWidth(line) <= width);
      }),
    );
  });
});
