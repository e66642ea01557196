import { describe, expect, test } from "bun:test";
import { defaultConfig } from "../../src/config.ts";
import { createBroker } from "../../src/stompbox.ts";
import { type FakeLine, openFakeLine } from "../support/fake_line.ts";
import { type ManualRuntime, manualRuntime } from "../support/manual_runtime.ts";

/** A client, and the bodies that came to it. */
interface Visitor {
  readonly line: FakeLine;
  readonly bodies: string[];
}

/** A broker whose event loop goes round once whenever `round` is called. */
function open() {
  const base = manualRuntime(1);
  let deferred: (() => void)[] = [];
  const runtime: ManualRuntime = {
    ...base,
    defer: (task) => deferred.push(task),
  };
  const round = (): void => {
    const tasks = deferred;
    deferred = [];
    for (const task of tasks) task();
  };
  const broker = createBroker(defaultConfig(), { version: "test", runtime });
  const visit = (...topics: string[]): Visitor => {
    const bodies: string[] = [];
    const line = openFakeLine(
      { runtime, accept: (wire) => broker.accept(wire) },
      {
        data: (data) => {
          const [, body] = /^MESSAGE\n[^]*\n\n([^]*)\0$/.exec(String(data)) ?? [];
          if (body !== undefined) bodies.push(body);
        },
        closed: () => {},
      },
    );
    line.send("CONNECT\naccept-version:1.2\nhost:a\n\n\0");
    for (const topic of topics) line.send(`SUBSCRIBE\nid:${topic}\ndestination:${topic}\n\n\0`);
    round();
    return { line, bodies };
  };
  return { broker, visit, round, advance: base.advance };
}

function sends(topic: string, bodies: readonly string[]): string {
  return bodies.map((body) => `SEND\ndestination:${topic}\n\n${body}\0`).join("");
}

/** Each is read and goes to one subscriber: more than two turns have room for. */
const FLOOD = Array.from({ length: 20_000 }, (_, at) => `${at}`);
/** More than one go, less than a turn. */
const BURST = FLOOD.slice(0, 3_000);

describe("Beside a flood", () => {
  test("what somebody else says leaves at the end of the turn, though the flood has more to say", () => {
    const { visit, round } = open();
    const [flooder, calm] = [visit(), visit()];
    const [reader, listener] = [visit("/topic/flood"), visit("/topic/calm")];
    flooder.line.send(sends("/topic/flood", FLOOD));
    calm.line.send(sends("/topic/calm", ["now"]));
    round();
    expect(listener.bodies).toEqual(["now"]);
    expect(reader.bodies.length).toBeLessThan(FLOOD.length);
    calm.line.send(sends("/topic/calm", ["and now"]));
    round();
    expect(listener.bodies).toEqual(["now", "and now"]);
    expect(reader.bodies.length).toBeLessThan(FLOOD.length);
    round();
    round();
    expect(reader.bodies).toEqual(FLOOD);
  });

  test("what somebody else says is carried out before what a flood says in the same turn", () => {
    const { visit, round } = open();
    const [flooder, calm, reader] = [visit(), visit(), visit("/topic/flood", "/topic/calm")];
    flooder.line.send(sends("/topic/flood", BURST));
    round();
    expect(reader.bodies).toEqual(BURST);
    flooder.line.send(sends("/topic/flood", ["once more"]));
    calm.line.send(sends("/topic/calm", ["now"]));
    round();
    expect(reader.bodies.slice(BURST.length)).toEqual(["now", "once more"]);
  });

  test.each([
    ["after a while", 100],
    ["when the clock was set back", -3_600_000],
  ])("whoever flooded is as any other %s", (_when, ms) => {
    const { visit, round, advance } = open();
    const [flooder, calm, reader] = [visit(), visit(), visit("/topic/flood", "/topic/calm")];
    flooder.line.send(sends("/topic/flood", BURST));
    round();
    advance(ms);
    flooder.line.send(sends("/topic/flood", ["once more"]));
    expect(flooder.line.paused).toBe(false);
    calm.line.send(sends("/topic/calm", ["now"]));
    round();
    expect(reader.bodies.slice(BURST.length)).toEqual(["once more", "now"]);
  });

  test("who is refused and cut while others have their go gives its memory back", () => {
    const { broker, visit, round } = open();
    const flooders = Array.from({ length: 40 }, () => visit());
    const flood = Buffer.from(sends("/topic/flood", FLOOD.slice(0, 5_000)));
    for (const { line } of flooders) line.send(flood);
    const rounds = (): void => {
      for (let i = 0; i < 30; i++) round();
    };
    round();
    // These had their go: so many others wait that they have none in the next turns.
    for (const connection of [...broker.connections.all()].slice(0, 20)) connection.shutDown();
    for (const { line } of flooders.slice(0, 20)) line.cut();
    rounds();
    for (const { line } of flooders.slice(20)) line.cut();
    rounds();
    expect([broker.connections.size, broker.context.memory.used]).toEqual([0, 0]);
  });
});
