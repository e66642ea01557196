/** Messages as server-sent events: how one is written, and how many share it. */

import { describe, expect, test } from "bun:test";
import { headerList, Message } from "../../src/broker/message.ts";
import { NumberedIds } from "../../src/broker/numbered_ids.ts";
import { defaultConfig, type ConfigOverrides } from "../../src/config.ts";
import type { BrokerEvent } from "../../src/observe/events.ts";
import { EventStream, LINES_MAX, writeEvent } from "../../src/session/event_stream.ts";
import type { Wire, WireFrame } from "../../src/session/wire.ts";
import { Session } from "../../src/session/session.ts";
import { createBroker } from "../../src/stompbox.ts";
import { manualRuntime } from "../support/manual_runtime.ts";

function message(body: string | Uint8Array, headers: readonly string[] = []): Message {
  return new Message(1, new NumberedIds("m-"), {
    headers: headerList(headers),
    body,
    priority: 4,
    expiresAt: 0,
    persistent: false,
    arrivedAt: 0,
  });
}

const textOf = (frame: WireFrame): string => Buffer.from(frame).toString();
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("an event", () => {
  const plain: readonly (readonly [string, string | Uint8Array, string])[] = [
    ["a line", "a", "data: a\n"],
    ["nothing", "", "data: \n"],
    ["lines with any end", "a\nb\r\nc\rd\n", "data: a\ndata: b\ndata: c\ndata: d\ndata: \n"],
    ["bytes", Uint8Array.of(255), "event: base64\ndata: /w==\n"],
  ];
  for (const [name, body, text] of plain) {
    test(`holds ${name}`, () => {
      expect(writeEvent(message(body), false)).toBe(`id: m-1\n${text}\n`);
    });
  }

  for (const end of ["\n", "\r"]) {
    test(`has as many lines as may be, of ${JSON.stringify(end)}; more go as base64`, () => {
      const most = end.repeat(LINES_MAX);
      expect(writeEvent(message(most), false)).toBe(
        `id: m-1\n${"data: \n".repeat(LINES_MAX + 1)}\n`,
      );
      const more = most + end;
      expect(writeEvent(message(more), false)).toBe(
        `id: m-1\nevent: base64\ndata: ${base64(more)}\n\n`,
      );
    });
  }

  test("in an envelope is base64 where JSON would be a multiple of the text", () => {
    const data = (body: string): unknown =>
      JSON.parse(writeEvent(message(body), true).split("\ndata: ")[1] ?? "");
    const dense = "\0".repeat(10_000);
    expect(data(dense)).toEqual({ id: "m-1", headers: {}, bodyBase64: base64(dense) });
    const lines = "\n".repeat(10_000);
    expect(data(lines)).toEqual({ id: "m-1", headers: {}, body: lines });
    expect(data("\0\0")).toEqual({ id: "m-1", headers: {}, body: "\0\0" });
  });

  test("in an envelope has headers of any name, the first of each", () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "normal"];
    const headers = names.flatMap((name) => [name, `first ${name}`, name, "second"]);
    const data = writeEvent(message("", headers), true).split("\ndata: ")[1] ?? "";
    const expected = names.map((name) => `${JSON.stringify(name)}:"first ${name}"`).join();
    expect(data.trim()).toBe(`{"id":"m-1","headers":{${expected}},"body":""}`);
  });
});

/** A broker with streams to `/topic/a` whose wires send nothing of what they get, or all. */
function bench(limits: NonNullable<ConfigOverrides["limits"]>) {
  const runtime = manualRuntime(1);
  const events: BrokerEvent[] = [];
  const { context } = createBroker(defaultConfig({ limits }), {
    version: "test",
    runtime,
    observe: (event) => events.push(event),
  });
  const { engine, memory, filterOf } = context;
  const nothing = () => {};
  const owner = {
    receptive: false,
    hand: () => true,
    windowUsed: nothing,
    subscribed: nothing,
    takenOver: nothing,
    holdBack: nothing,
    unsubscribed: nothing,
  };
  const session = new Session(owner, context, { name: "sender", seesSystem: false });
  const open = (options: { readonly stalled?: boolean; readonly envelope?: boolean } = {}) => {
    const frames: WireFrame[] = [];
    const state = { buffered: 0, how: "open", ended: false };
    const wire: Wire = {
      peer: {
        ...{ transport: "http", address: "", port: 0, messages: false, answersPings: false },
        ...{ local: true, subProtocol: "" },
      },
      write: (given) => {
        frames.push(...given);
        if (options.stalled === true) {
          state.buffered += given.reduce((sum, frame) => sum + frame.length, 0);
        }
      },
      get buffered() {
        return state.buffered;
      },
      pause: () => {},
      resume: () => {},
      ping: () => {},
      close: () => {
        if (state.how === "open") state.how = "closed";
      },
      destroy: () => {
        state.how = "destroyed";
      },
    };
    const stream = new EventStream(wire, {
      context,
      number: -1,
      address: "",
      local: false,
      destination: "/topic/a",
      selector: undefined,
      envelope: options.envelope ?? false,
      ended: () => {
        state.ended = true;
      },
    });
    runtime.pump();
    return { frames, state, stream, events: () => frames.slice(1) };
  };
  const publish = (body: string): void => {
    const { priority, expiresAt, persistent } = message("");
    const headers = headerList(["destination", "/topic/a"]);
    session.publish(
      {
        destination: "/topic/a",
        headers,
        body,
        priority,
        expiresAt,
        arrivedAt: 0,
        persistent,
        replyTo: undefined,
        retain: undefined,
        transaction: undefined,
      },
      () => {},
    );
    runtime.pump();
  };
  return { context, open, publish, events };
}

describe("streams", () => {
  test("of one topic are given the same bytes of a message, each form written once", () => {
    const { open, publish } = bench({});
    const plain = [open(), open()];
    const envelopes = [open({ envelope: true }), open({ envelope: true })];
    publish("x");
    publish("y");
    for (const alike of [plain, envelopes]) {
      const [first = [], second = []] = alike.map((stream) => stream.events());
      expect(first).toHaveLength(2);
      for (const [at, event] of first.entries()) {
        expect(event).toBeInstanceOf(Uint8Array);
        expect(second[at]).toBe(event);
      }
    }
    expect(plain[0]?.events().map(textOf)).toEqual([
      expect.stringContaining("\ndata: x\n"),
      expect.stringContaining("\ndata: y\n"),
    ]);
    expect(textOf(envelopes[0]?.events()[1] ?? "")).toContain('"body":"y"');
  });

  test("that are behind get no event that does not fit, counted as it is written", () => {
    const { context, open, publish, events } = bench({ outboxBytesMax: 10_000 });
    const before = context.memory.used;
    const slow = open({ stalled: true });
    publish("x".repeat(5_500));
    expect(slow.events()).toHaveLength(1);
    // In the message 700 bytes, in the event 4,900.
    publish("\n".repeat(700));
    expect(slow.events()).toHaveLength(1);
    expect([slow.state.how, slow.state.ended]).toEqual(["destroyed", true]);
    expect(events.filter(({ type }) => type === "slow")).toHaveLength(1);
    expect(context.memory.used).toBe(before);
  });

  test("that keep up get an event larger than their budget", () => {
    const { open, publish } = bench({ outboxBytesMax: 10_000 });
    const reader = open();
    publish("\n".repeat(3_000));
    publish("\n".repeat(3_000));
    expect(reader.events().map(({ length }) => length > 18_000)).toEqual([true, true]);
    expect(reader.state.how).toBe("open");
  });

  test("that may drop the newest stay, and count what they did not get", () => {
    const { context, open, publish } = bench({
      outboxBytesMax: 10_000,
      slowConsumer: "drop-newest",
    });
    const slow = open({ stalled: true });
    publish("x".repeat(5_500));
    publish("\n".repeat(700));
    expect([slow.state.how, context.counters.dropped]).toEqual(["open", 1]);
    slow.stream.end();
    expect(context.counters.dropped).toBe(1);
  });
});
