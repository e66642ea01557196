import { describe, expect, test } from "bun:test";
import { type Problem as ApiProblem, problemSchema } from "../../src/api/values.ts";
import {
  type ConsumerFacts,
  diagnose,
  type Facts,
  type Problem,
  PROBLEMS_MAX,
  type QueueFacts,
  type SlowFacts,
} from "../../src/observe/diagnosis.ts";

const NOW = 1_800_000_000_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MIB = 1024 * 1024;

/** A broker with which all is well, but for what is said. */
function facts(over: Partial<Facts> = {}): Facts {
  return {
    now: NOW,
    queues: [],
    consumers: [],
    slow: [],
    deadLetters: [],
    heartBeatsMissed: 0,
    staleAcks: 0,
    memoryBytes: 0,
    memoryBytesMax: 512 * MIB,
    eventLoopDelayMs: 0,
    ...over,
  };
}

/** A queue that nobody has read for five minutes, but for what is said. */
function queue(over: Partial<QueueFacts> = {}): QueueFacts {
  return { path: "/queue/orders", ready: 120, consumers: 0, oldestAt: NOW - 5 * MINUTE, ...over };
}

/** A consumer that has been stuck for two minutes with all that it may hold, but for what is said. */
function consumer(over: Partial<ConsumerFacts> = {}): ConsumerFacts {
  return {
    connection: 7,
    login: "ann",
    destination: "/queue/orders",
    held: 10,
    prefetch: 10,
    since: NOW - 2 * MINUTE,
    ...over,
  };
}

/** A connection that has been behind for ten seconds, but for what is said. */
function slow(over: Partial<SlowFacts> = {}): SlowFacts {
  return {
    connection: 9,
    login: "",
    outboxBytes: 3 * MIB + 200_000,
    pressedSince: NOW - 10 * SECOND,
    ...over,
  };
}

const read = queue({ consumers: 1, oldestAt: NOW });
const letters = (count: number, destination = "/queue/DLQ.orders") =>
  Array.from({ length: count }, () => ({ at: NOW - SECOND, destination }));

type Row = readonly [what: string, over: Partial<Facts>, problem: ApiProblem | undefined];

const TABLE: readonly Row[] = [
  // Queues.
  [
    "messages wait and nobody reads them",
    { queues: [queue()] },
    {
      code: "unread-queue",
      queue: "orders",
      sentence:
        'Queue "orders" has 120 messages and nobody reads it, the oldest came 5 minutes ago: start a consumer, or purge it',
    },
  ],
  [
    "one message waits, for days",
    { queues: [queue({ path: "/queue/a/b", ready: 1, oldestAt: NOW - 49 * 60 * MINUTE })] },
    {
      code: "unread-queue",
      queue: "a/b",
      sentence:
        'Queue "a/b" has 1 message and nobody reads it, the oldest came 2 days ago: start a consumer, or purge it',
    },
  ],
  [
    "nobody reads a temporary queue",
    { queues: [queue({ path: "/temp-queue/x1", ready: 1_200, oldestAt: NOW - 90 * SECOND })] },
    {
      code: "unread-queue",
      queue: "x1",
      sentence:
        'Temporary queue "x1" has 1,200 messages and nobody reads it, the oldest came 1 minute ago: start a consumer, or purge it',
    },
  ],
  [
    "messages wait for less than a minute",
    { queues: [queue({ oldestAt: NOW - MINUTE })] },
    undefined,
  ],
  ["messages wait for a consumer that there is", { queues: [queue({ consumers: 1 })] }, undefined],
  ["nothing waits", { queues: [queue({ ready: 0, oldestAt: undefined })] }, undefined],
  [
    "dead letters lie where they lie",
    { queues: [queue({ path: "/queue/DLQ.orders" })] },
    undefined,
  ],
  // Consumers.
  [
    "a consumer holds all that it may while others wait",
    { queues: [read], consumers: [consumer()] },
    {
      code: "idle-consumer",
      connection: 7,
      sentence:
        'Connection 7 (login "ann") holds 10 messages of "/queue/orders" and has not acknowledged the oldest for 2 minutes while 120 wait: it gets no more than 10 before it sends ACK',
    },
  ],
  [
    "a consumer holds some while one waits",
    {
      queues: [{ ...read, ready: 1 }],
      consumers: [consumer({ login: "", held: 1, prefetch: Infinity, since: NOW - 61 * SECOND })],
    },
    {
      code: "idle-consumer",
      connection: 7,
      sentence:
        'Connection 7 holds 1 message of "/queue/orders" and has not acknowledged the oldest for 1 minute while 1 waits: let it send ACK for each message, or disconnect it',
    },
  ],
  [
    "a consumer of no single queue holds all that it may",
    { consumers: [consumer({ destination: "/queue/>", login: "" })] },
    {
      code: "idle-consumer",
      connection: 7,
      sentence:
        'Connection 7 holds 10 messages of "/queue/>" and has not acknowledged the oldest for 2 minutes: it gets no more than 10 before it sends ACK',
    },
  ],
  [
    "a consumer of no single queue may hold more",
    { consumers: [consumer({ destination: "/queue/>", held: 9 })] },
    undefined,
  ],
  [
    "a consumer works on its last message for long",
    { queues: [{ ...read, ready: 0 }], consumers: [consumer()] },
    undefined,
  ],
  [
    "a consumer has held what it holds for less than a minute",
    { queues: [read], consumers: [consumer({ since: NOW - MINUTE })] },
    undefined,
  ],
  ["a consumer holds nothing", { queues: [read], consumers: [consumer({ held: 0 })] }, undefined],
  // Connections that are behind.
  [
    "a connection has been behind for long",
    { slow: [slow()] },
    {
      code: "slow-subscriber",
      connection: 9,
      sentence:
        "Connection 9 reads too slowly, 3.2 MiB wait for it and its outbox has been over half full for 10 seconds: let it do less for each message, or see --limits.slow-consumer for what becomes of it",
    },
  ],
  [
    "a connection with a login and a small limit has been behind for long",
    { slow: [slow({ login: "ben", outboxBytes: 1_500, pressedSince: NOW - 6 * SECOND })] },
    {
      code: "slow-subscriber",
      connection: 9,
      sentence:
        'Connection 9 (login "ben") reads too slowly, 2 KiB wait for it and its outbox has been over half full for 6 seconds: let it do less for each message, or see --limits.slow-consumer for what becomes of it',
    },
  ],
  [
    "a connection is behind for a moment",
    { slow: [slow({ pressedSince: NOW - 5 * SECOND })] },
    undefined,
  ],
  // What happened lately.
  [
    "there are new dead letters",
    { deadLetters: letters(3) },
    {
      code: "dead-letters",
      queue: "DLQ.orders",
      sentence:
        '3 messages of the last 5 minutes became dead letters, in queue "DLQ.orders": see their header dead-letter-reason, then retry or purge them',
    },
  ],
  [
    "heart-beats did not come",
    { heartBeatsMissed: 1 },
    {
      code: "heart-beats-missed",
      sentence:
        "1 connection ended in the last 5 minutes because no heart-beat came: look whether clients hang, or something on the way cuts idle connections",
    },
  ],
  [
    "acknowledgements named nothing",
    { staleAcks: 1_234 },
    {
      code: "stale-acks",
      sentence:
        "1,234 acknowledgements of the last 5 minutes named no message that was held: a client acknowledges twice, or after its connection was lost",
    },
  ],
  // The broker itself.
  [
    "memory is nearly gone",
    { memoryBytes: 450 * MIB },
    {
      code: "memory-short",
      sentence:
        "Messages take 87 % of the memory for them, 450 MiB of 512 MiB, and once all is taken publishers are refused: purge queues, or raise --limits.memory-bytes-max",
    },
  ],
  ["memory is used", { memoryBytes: 0.8 * 512 * MIB - 1 }, undefined],
  [
    "the broker is late",
    { eventLoopDelayMs: 1_234.5 },
    {
      code: "event-loop-late",
      sentence:
        "The broker was late in the last 5 seconds, once by 1,235 ms, and every client with it: " +
        "if this comes again and again, look what else keeps this machine busy",
    },
  ],
  ["the broker is a little late", { eventLoopDelayMs: 200 }, undefined],
];

test.each(TABLE)("%s", (_what, over, problem) => {
  expect(diagnose(facts(over))).toEqual(problem === undefined ? [] : [problem]);
});

test("a problem is one of the API", () => {
  // Each type takes the other: a code that only one of them has does not compile.
  const given: Problem = { code: "stale-acks", sentence: "…" };
  const problem: ApiProblem = given;
  const back: Problem = problem;
  expect(problemSchema.parse(back)).toEqual(given);
});

test("names that are long or not printable are cut and escaped", () => {
  const path = `/queue/\u0007${"x".repeat(5_000)}`;
  const login = `\u202eeve${"y".repeat(5_000)}`;
  const [stuck, unread] = diagnose(
    facts({
      queues: [queue({ path })],
      consumers: [consumer({ login, destination: path })],
    }),
  );
  for (const problem of [stuck, unread]) {
    expect(problem?.sentence).toContain("\\u0007xx");
    expect(problem?.sentence.length).toBeLessThan(500);
  }
  expect(unread?.queue).toBe(path.slice("/queue/".length));
});

describe("many problems", () => {
  test("come worst first: the broker, then those who are stuck, then what waits; the larger before the smaller", () => {
    const problems = diagnose(
      facts({
        memoryBytes: 512 * MIB,
        eventLoopDelayMs: 500,
        heartBeatsMissed: 1,
        staleAcks: 1,
        deadLetters: [...letters(1, "/queue/DLQ.a"), ...letters(2, "/queue/DLQ.b")],
        slow: [slow({ connection: 1, outboxBytes: 5 }), slow({ connection: 2, outboxBytes: 6 })],
        queues: [
          queue({ path: "/queue/s", ready: 1 }),
          queue({ path: "/queue/m", ready: 9 }),
          read,
        ],
        consumers: [consumer()],
      }),
    );
    expect(problems.map(({ code, queue: name, connection }) => [code, name ?? connection])).toEqual(
      [
        ["memory-short", undefined],
        ["event-loop-late", undefined],
        ["idle-consumer", 7],
        ["slow-subscriber", 2],
        ["slow-subscriber", 1],
        ["unread-queue", "m"],
        ["unread-queue", "s"],
        ["dead-letters", "DLQ.b"],
        ["dead-letters", "DLQ.a"],
        ["heart-beats-missed", undefined],
        ["stale-acks", undefined],
      ],
    );
  });

  const queues = (count: number): QueueFacts[] =>
    Array.from({ length: count }, (_, n) => queue({ path: `/queue/q${n}`, ready: n + 1 }));

  test("are all told when they are not too many", () => {
    const problems = diagnose(facts({ queues: queues(PROBLEMS_MAX) }));
    expect(problems).toHaveLength(PROBLEMS_MAX);
    expect(problems.map(({ code }) => code)).not.toContain("further-problems");
  });

  test("are counted in one sentence beyond that", () => {
    const problems = diagnose(
      facts({ queues: queues(1_500), staleAcks: 3, slow: [slow(), slow({ connection: 3 })] }),
    );
    expect(problems).toHaveLength(PROBLEMS_MAX + 1);
    expect(problems.slice(0, 3).map(({ code }) => code)).toEqual([
      "slow-subscriber",
      "slow-subscriber",
      "unread-queue",
    ]);
    expect(problems[2]?.queue).toBe("q1499");
    expect(problems.at(-1)).toEqual({
      code: "further-problems",
      sentence: "And 1,483 more: 1,482 queues that nobody reads, stale acknowledgements",
    });
  });
});
