import { describe, expect, test } from "bun:test";
import { Batch } from "../../src/bench/batch.ts";
import type { MessageOptions } from "../../src/bench/bench_client.ts";
import { readSequence, readTime, SEQUENCE_WIDTH } from "../../src/bench/digits.ts";
import { natsProtocol } from "../../src/bench/nats_protocol.ts";
import { stompProtocol } from "../../src/bench/stomp_protocol.ts";
import { wsFrame } from "../../src/bench/ws_frame.ts";
import { Decoder } from "../../src/protocol/decoder.ts";
import { type Frame, headerOf } from "../../src/protocol/frame.ts";
import { ROOMY } from "../protocol/decoding.ts";

const OPTIONS: MessageOptions = {
  destination: "/queue/a",
  bodyBytes: 40,
  headers: ["persistent", "true"],
  receipt: true,
};

function framesIn(bytes: Uint8Array): Frame[] {
  const decoder = new Decoder(ROOMY);
  decoder.push(bytes);
  const frames: Frame[] = [];
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
  return frames;
}

function numberIn(text: string): number {
  return readSequence({ bytes: Buffer.from(text), end: text.length });
}

describe("a row of SEND frames", () => {
  test("is numbered in the body and in the receipt, and is otherwise what a decoder reads", () => {
    const batch = new Batch(stompProtocol.message(OPTIONS), 3);
    const frames = framesIn(batch.bytes.slice(0, batch.fill(1_000_000, 3)));
    expect(frames.map(({ body }) => numberIn(String(body)))).toEqual([
      1_000_000, 1_000_001, 1_000_002,
    ]);
    for (const { command, headers, body } of frames) {
      expect(command).toBe("SEND");
      expect(headerOf(headers, "destination")).toBe("/queue/a");
      expect(headerOf(headers, "persistent")).toBe("true");
      expect(headerOf(headers, "content-length")).toBe("40");
      expect(numberIn(headerOf(headers, "receipt") ?? "")).toBe(numberIn(String(body)));
      expect(body).toHaveLength(40);
    }
  });

  test("can be filled again, and in part", () => {
    const batch = new Batch(stompProtocol.message({ ...OPTIONS, receipt: false }), 3);
    batch.fill(0, 3);
    const frames = framesIn(batch.bytes.slice(0, batch.fill(7, 1)));
    expect(frames.map(({ body }) => numberIn(String(body)))).toEqual([7]);
    expect(headerOf(frames[0]?.headers ?? [], "receipt")).toBeUndefined();
  });

  test("is numbered behind the heads of WebSocket frames, too", () => {
    const { frame, places } = stompProtocol.message({ ...OPTIONS, bodyBytes: 200 });
    const wrapped = wsFrame(frame, "text");
    const batch = new Batch({ frame: wrapped, places }, 2);
    batch.fill(41, 2);
    const second = batch.bytes.slice(wrapped.length + wrapped.length - frame.length);
    const [sent] = framesIn(second);
    expect(numberIn(String(sent?.body))).toBe(42);
    expect(numberIn(headerOf(sent?.headers ?? [], "receipt") ?? "")).toBe(42);
  });

  test("carries a time beside the number", () => {
    const batch = new Batch(stompProtocol.message(OPTIONS), 2);
    const length = batch.fill(5, 2);
    batch.stamp(1, 1_234_567_890_123);
    const bytes = Buffer.from(String(framesIn(batch.bytes.slice(0, length))[1]?.body));
    expect(readTime({ bytes, end: bytes.length - SEQUENCE_WIDTH })).toBe(1_234_567_890_123);
    expect(readSequence({ bytes, end: bytes.length })).toBe(6);
  });
});

test("a row of NATS messages is numbered at the end of each payload", () => {
  const { frame, places } = natsProtocol.message({ ...OPTIONS, destination: "bench.a" });
  const batch = new Batch({ frame, places }, 2);
  const text = Buffer.from(batch.bytes.slice(0, batch.fill(8, 2))).toString();
  const [first = "", payload = "", second = "", last = ""] = text.split("\r\n");
  expect([first, second]).toEqual(["PUB bench.a 40", "PUB bench.a 40"]);
  expect([numberIn(payload), numberIn(last)]).toEqual([8, 9]);
  expect(payload).toHaveLength(40);
});
