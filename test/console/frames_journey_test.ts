import { describe, expect, test } from "bun:test";
import { journeyOf, messageIdOf, type Witnesses } from "../../console/frames/journey.ts";
import type { FrameInfo } from "../../src/api/values.ts";
import { someFrame } from "./frames_sample.ts";

type Headers = Readonly<Record<string, string>>;

/** Frames in a line: connection, direction, command, headers, and the message if the broker told. */
function script(
  lines: readonly (readonly [number, "in" | "out", string, Headers, string?])[],
): readonly FrameInfo[] {
  return lines.map(([connection, direction, command, headers, messageId], index) =>
    someFrame({
      number: index + 1,
      at: 1_000 + index * 10,
      connection,
      direction,
      command,
      headers: Object.entries(headers),
      ...(messageId === undefined ? {} : { messageId }),
    }),
  );
}

const told = (messageId: string, witnesses: Partial<Witnesses>) =>
  journeyOf(messageId, { frames: [], deadLetters: [], ...witnesses }).steps.map(
    ({ kind, frame, destination, detail }) =>
      [kind, frame?.connection, destination ?? "", detail ?? ""].join(" ").trim(),
  );

const QUEUE = { destination: "/queue/a" };

describe("the way of a message", () => {
  test("goes from SEND and its receipt through each MESSAGE to each ACK", () => {
    const frames = script([
      [1, "in", "SEND", { ...QUEUE, receipt: "r" }, "m"],
      [1, "in", "SEND", { ...QUEUE, receipt: "s" }, "other"],
      [1, "out", "RECEIPT", { "receipt-id": "r" }],
      [2, "out", "MESSAGE", { ...QUEUE, "message-id": "m", ack: "2:1" }, "m"],
      [3, "out", "MESSAGE", { ...QUEUE, "message-id": "m", ack: "3:1" }, "m"],
      [3, "in", "ACK", { id: "3:1" }, "m"],
      [2, "in", "ACK", { id: "2:1" }, "m"],
      [1, "out", "RECEIPT", { "receipt-id": "s" }],
    ]);
    expect(told("m", { frames })).toEqual([
      "sent 1 /queue/a",
      "receipt 1",
      "delivered 2 /queue/a",
      "delivered 3 /queue/a",
      "acknowledged 3",
      "acknowledged 2",
    ]);
    expect(journeyOf("m", { frames, deadLetters: [] }).receivers).toEqual(new Set([2, 3]));
  });

  test("shows refusals, further deliveries and where it lies at last", () => {
    const frames = script([
      [1, "in", "SEND", QUEUE, "m"],
      [2, "out", "MESSAGE", { ...QUEUE, "message-id": "m", ack: "1" }, "m"],
      [2, "in", "NACK", { id: "1" }, "m"],
      [2, "out", "MESSAGE", { ...QUEUE, "message-id": "m", ack: "2", redelivered: "true" }, "m"],
      [2, "in", "NACK", { id: "2" }, "m"],
      [4, "out", "MESSAGE", { destination: "/queue/DLQ.a", "message-id": "m" }, "m"],
    ]);
    const deadLetters = [
      // In the same turn as the NACK, and as the consumer of dead letters gets it.
      { at: 1_041, skipped: 0, destination: "/queue/DLQ.a", messageId: "m", reason: "rejected" },
      { at: 1_041, skipped: 0, destination: "/queue/DLQ.a", messageId: "x", reason: "rejected" },
    ];
    const same = frames.map((frame) => (frame.number === 6 ? { ...frame, at: 1_041 } : frame));
    expect(told("m", { frames: same, deadLetters })).toEqual([
      "sent 1 /queue/a",
      "delivered 2 /queue/a",
      "refused 2",
      "delivered 2 /queue/a again",
      "refused 2",
      "dead-lettered  /queue/DLQ.a rejected",
      "delivered 4 /queue/DLQ.a",
    ]);
  });

  test("that expired long after a refusal ends behind what came between", () => {
    const frames = script([
      [2, "in", "NACK", { id: "1" }, "m"],
      [2, "out", "MESSAGE", { ...QUEUE, "message-id": "m", redelivered: "true" }, "m"],
    ]);
    const expired = { skipped: 0, destination: "/queue/DLQ.a", messageId: "m", reason: "expired" };
    expect(told("m", { frames, deadLetters: [{ ...expired, at: 5_000 }] }).at(-1)).toBe(
      "dead-lettered  /queue/DLQ.a expired",
    );
  });

  test("is complete when the transactions it was in are over", () => {
    const frames = script([
      [1, "in", "SEND", { ...QUEUE, transaction: "t" }, "m"],
      [2, "in", "COMMIT", { transaction: "t" }],
      [1, "in", "COMMIT", { transaction: "u" }],
      [1, "in", "COMMIT", { transaction: "t" }],
      [2, "out", "MESSAGE", { ...QUEUE, "message-id": "m", ack: "1" }, "m"],
      [2, "in", "ACK", { id: "1", transaction: "t" }, "m"],
      [2, "in", "ABORT", { transaction: "t" }],
      [1, "in", "COMMIT", { transaction: "t" }],
    ]);
    expect(told("m", { frames })).toEqual([
      "sent 1 /queue/a in transaction t",
      "committed 1",
      "delivered 2 /queue/a",
      "acknowledged 2  in transaction t",
      "aborted 2",
    ]);
  });

  test("in ack mode client ends with the ACK of a later message of the subscription", () => {
    const lines = (ack: string) =>
      script([
        [2, "in", "SUBSCRIBE", { ...QUEUE, id: "s", ack }],
        [2, "in", "SUBSCRIBE", { ...QUEUE, id: "t", ack }],
        [2, "out", "MESSAGE", { ...QUEUE, subscription: "s", "message-id": "m", ack: "1" }, "m"],
        [2, "out", "MESSAGE", { ...QUEUE, subscription: "t", "message-id": "n", ack: "2" }, "n"],
        [2, "out", "MESSAGE", { ...QUEUE, subscription: "s", "message-id": "o", ack: "3" }, "o"],
        [2, "out", "MESSAGE", { ...QUEUE, subscription: "s", "message-id": "p", ack: "4" }, "p"],
        [2, "in", "ACK", { id: "2" }, "n"],
        [2, "in", "ACK", { id: "3" }, "o"],
        [2, "in", "ACK", { id: "4" }, "p"],
        [2, "out", "MESSAGE", { ...QUEUE, subscription: "s", "message-id": "q", ack: "5" }, "q"],
        [2, "in", "ACK", { id: "5" }, "q"],
      ]);
    expect(told("m", { frames: lines("client") })).toEqual([
      "delivered 2 /queue/a",
      "acknowledged 2  with a later message",
    ]);
    expect(told("p", { frames: lines("client") })).toEqual([
      "delivered 2 /queue/a",
      "acknowledged 2",
    ]);
    expect(told("m", { frames: lines("client-individual") })).toEqual(["delivered 2 /queue/a"]);
  });

  test("is found without the help of the broker, in every version", () => {
    const message = { ...QUEUE, subscription: "s", "message-id": "m" };
    const frames = script([
      [2, "out", "MESSAGE", { ...message, ack: "7" }],
      [2, "in", "ACK", { id: "7" }],
      [3, "out", "MESSAGE", message],
      [3, "in", "ACK", { subscription: "s", "message-id": "m" }],
      [4, "out", "MESSAGE", message],
      [4, "in", "NACK", { "message-id": "m" }],
      [5, "in", "ACK", { id: "7" }],
      [5, "in", "ACK", { subscription: "other", "message-id": "m" }],
    ]);
    expect(told("m", { frames })).toEqual([
      "delivered 2 /queue/a",
      "acknowledged 2",
      "delivered 3 /queue/a",
      "acknowledged 3",
      "delivered 4 /queue/a",
      "refused 4",
    ]);
  });

  test("of an unknown message is empty", () => {
    expect(told("x", { frames: script([[1, "in", "SEND", QUEUE, "m"]]) })).toEqual([]);
  });
});

describe("which message a frame is about", () => {
  const frames = script([
    [1, "in", "SEND", { ...QUEUE, receipt: "r" }, "m"],
    [2, "in", "SEND", { ...QUEUE, receipt: "r" }, "n"],
    [1, "out", "RECEIPT", { "receipt-id": "r" }],
    [3, "out", "MESSAGE", { ...QUEUE, "message-id": "n", ack: "1" }],
    [3, "in", "ACK", { id: "1" }],
    [3, "in", "ACK", { id: "2" }],
    [3, "in", "SUBSCRIBE", { ...QUEUE, id: "s", receipt: "s" }],
    [3, "out", "RECEIPT", { "receipt-id": "s" }],
    [4, "in", "ACK", { id: "1" }],
  ]);
  test.each([
    ["a SEND", 1, "m"],
    ["the receipt of its connection's SEND", 3, "m"],
    ["an ACK of what was delivered to its connection", 5, "n"],
    ["an ACK of something unseen", 6, undefined],
    ["a SUBSCRIBE", 7, undefined],
    ["a receipt of something else", 8, undefined],
    ["an ACK of what another connection has", 9, undefined],
  ] as const)("%s", (_what, number, messageId) => {
    const frame = frames.find((each) => each.number === number);
    expect(frame && messageIdOf(frame, frames)).toBe(messageId);
  });
});
