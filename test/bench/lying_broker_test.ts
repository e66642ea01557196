import { afterEach, describe, expect, test } from "bun:test";
import { headerOf } from "../../src/protocol/frame.ts";
import { bench } from "./bench_cli.ts";
import { type Lies, type SmallBroker, startSmallBroker } from "./small_broker.ts";

const started: SmallBroker[] = [];
afterEach(() => {
  for (const broker of started.splice(0)) broker.stop();
});

function lying(lies: Lies = {}): SmallBroker {
  const broker = startSmallBroker(lies);
  started.push(broker);
  return broker;
}

describe("a broker that tells the truth is believed", () => {
  test.each([
    ...["fan-out --subscribers 3", "pairs --pairs 2", "queue --subscribers 2", "receipts"],
    // Its replies go to names that have to be escaped.
    "request --pairs 3",
  ])("%s", async (words) => {
    const { url } = lying();
    expect(await bench(`${words} -n 400 --url ${url}`)).toMatchObject({ code: 0, err: "" });
  });
});

describe("what a broker does wrong is found, named, and exits with 1", () => {
  interface Case {
    readonly words: string;
    readonly what: string;
    readonly lies: Lies;
    readonly figures: Readonly<Record<string, number>>;
    readonly sentences: readonly string[];
  }
  const table: readonly Case[] = [
    {
      words: "fan-out --subscribers 3",
      what: "loses a message to one subscriber",
      lies: { copies: (message, subscriber) => (message === 17 && subscriber === 1 ? 0 : 1) },
      figures: { lost: 1, doubled: 0, foreign: 0 },
      sentences: ["Lost 1 of 400 messages to subscriber 1: number 17"],
    },
    {
      words: "fan-out --subscribers 2",
      what: "loses the last message",
      lies: { copies: (message) => (message === 399 ? 0 : 1) },
      figures: { lost: 2, doubled: 0, foreign: 0 },
      sentences: [
        "Lost 1 of 400 messages to subscriber 0: number 399",
        "Lost 1 of 400 messages to subscriber 1: number 399",
      ],
    },
    {
      words: "fan-out --subscribers 1",
      what: "loses so many that the window is never filled again",
      lies: { copies: (message) => (message % 2 === 0 ? 0 : 1) },
      figures: { lost: 192, doubled: 0, foreign: 0 },
      sentences: ["Lost 192 of 384 messages to subscriber 0: numbers 0, 2, 4, 6, 8 and more"],
    },
    {
      words: "fan-out --subscribers 3",
      what: "doubles a message",
      lies: { copies: (message, subscriber) => (message === 5 && subscriber === 2 ? 2 : 1) },
      figures: { lost: 0, doubled: 1, foreign: 0 },
      sentences: ["Doubled messages to subscriber 2: 1 came that had come before"],
    },
    {
      words: "fan-out --subscribers 1",
      what: "doubles the last message",
      lies: { copies: (message) => (message === 399 ? 2 : 1) },
      figures: { lost: 0, doubled: 1, foreign: 0 },
      sentences: ["Doubled messages to subscriber 0: 1 came that had come before"],
    },
    {
      words: "pairs --pairs 1",
      what: "loses a message of a pair",
      lies: { copies: (message) => (message === 100 ? 0 : 1) },
      figures: { lost: 1, doubled: 0, foreign: 0 },
      sentences: ["Lost 1 of 400 messages to subscriber 0: number 100"],
    },
    {
      words: "queue --subscribers 3",
      what: "loses and doubles messages of a queue",
      lies: { copies: (message) => (message === 7 ? 0 : message === 8 ? 3 : 1) },
      figures: { lost: 1, doubled: 2, foreign: 0 },
      sentences: [
        "Lost 1 of 400 messages to the consumers: number 7",
        "Doubled messages to the consumers: 2 came that had come before",
      ],
    },
    {
      words: "queue --ack client",
      what: "changes a message into one that nobody sent",
      lies: { body: (message, body) => (message === 3 ? body.replace(/.{6}$/, "ZZZZZZ") : body) },
      figures: { lost: 1, doubled: 0, foreign: 1 },
      sentences: [
        "Lost 1 of 400 messages to the consumers: number 3",
        "Foreign messages to the consumers: 1 came that nobody sent",
      ],
    },
    {
      words: "receipts",
      what: "loses a receipt",
      lies: { receipts: (message) => (message === 11 ? 0 : 1) },
      figures: { lost: 1, doubled: 0, foreign: 0 },
      sentences: ["Lost 1 of 400 receipts to the senders: number 11"],
    },
    {
      words: "receipts",
      what: "doubles a receipt",
      lies: { receipts: (message) => (message === 11 ? 2 : 1) },
      figures: { lost: 0, doubled: 1, foreign: 0 },
      sentences: ["Doubled receipts to the senders: 1 came that had come before"],
    },
  ];
  test.each(table)("$words: $what", async ({ words, lies, figures: expected, sentences }) => {
    const { code, err, figures, result } = await bench(`${words} -n 400 --url ${lying(lies).url}`);
    expect(figures).toMatchObject(expected);
    expect(result).toMatchObject({ ok: false, problems: [...sentences] });
    expect(err).toBe(sentences.map((sentence) => `stompbox: ${sentence}\n`).join(""));
    expect(code).toBe(1);
  });
});

describe("what ends a run early is told, and exits with 1", () => {
  const table: readonly (readonly [what: string, lies: Lies, sentence: string])[] = [
    ["a connection that is cut", { cutAt: 50 }, "Lost the connection to tcp://127.0.0.1:"],
    [
      "a login that is refused",
      { greeting: "ERROR\nmessage:Bad login\n\nWho are you\0" },
      "The broker refused: Bad login: Who are you",
    ],
    ["a message before it was asked for", { greeting: "MESSAGE\n\n\0" }, 'sent "MESSAGE" unasked'],
    ["what is no frame", { greeting: "no colon\nhere\n\n\0" }, 'Cannot read header line "here"'],
  ];
  test.each(table)("%s", async (_what, lies, sentence) => {
    const { code, out, err } = await bench(`pairs --pairs 1 -n 400 --url ${lying(lies).url}`);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(sentence);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });
});

describe("each version acknowledges by the header that it has", () => {
  test.each([
    ["1.2", ["id"], "a-"],
    ["1.1", ["subscription", "message-id"], "m-"],
    ["1.0", ["message-id"], "m-"],
  ] as const)("%s", async (version, names, prefix) => {
    const broker = lying({ version });
    const { code } = await bench(`queue -n 50 --ack client-individual --url ${broker.url}`);
    expect(code).toBe(0);
    expect(broker.acks).toHaveLength(50);
    broker.acks.forEach(({ headers }, number) => {
      expect(headers.filter((_, at) => at % 2 === 0)).toEqual([...names]);
      expect(headerOf(headers, names[names.length - 1] ?? "")).toBe(`${prefix}${number}`);
    });
  });

  test("in mode client the last message of what came together stands for the others", async () => {
    const broker = lying();
    await bench(`queue -n 500 --ack client --url ${broker.url}`);
    expect(broker.acks.length).toBeLessThan(500);
    expect(headerOf(broker.acks[broker.acks.length - 1]?.headers ?? [], "id")).toBe("a-499");
  });
});

test("login, passcode and host go into CONNECT", async () => {
  const broker = lying();
  const words = `pairs --pairs 1 -n 1 --login me --passcode secret --host there`;
  const { out } = await bench(`${words} --url ${broker.url}`);
  expect(broker.connects).toHaveLength(2);
  for (const { headers } of broker.connects) {
    expect(headerOf(headers, "login")).toBe("me");
    expect(headerOf(headers, "passcode")).toBe("secret");
    expect(headerOf(headers, "host")).toBe("there");
  }
  expect(out).not.toContain("secret");
});
