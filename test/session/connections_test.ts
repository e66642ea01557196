import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { detach } from "../../src/broker/detach.ts";
import { type ConfigOverrides, defaultConfig } from "../../src/config.ts";
import { type Broker, createBroker } from "../../src/stompbox.ts";
import { type FakeLine, openFakeLine } from "../support/fake_line.ts";
import { type ManualRuntime, manualRuntime } from "../support/manual_runtime.ts";

const CONNECT = "CONNECT\naccept-version:1.2\nhost:a\n\n\0";
const FAR = "192.0.2.1";

/** A client that notes what it is told. */
interface Visitor {
  readonly line: FakeLine;
  /** First lines of the frames that came, and the codes of ERRORs. */
  readonly told: string[];
  login(): void;
}

/** A broker that anyone can visit. */
interface House {
  readonly broker: Broker;
  readonly runtime: ManualRuntime;
  visit(address?: string): Visitor;
}

function open(limits: NonNullable<ConfigOverrides["limits"]>): House {
  const runtime = manualRuntime(1);
  const broker = createBroker(defaultConfig({ limits }), { version: "test", runtime });
  return {
    broker,
    runtime,
    visit: (address = FAR) => {
      const told: string[] = [];
      const line = openFakeLine(
        { runtime, accept: (wire) => broker.accept(wire) },
        {
          data: (data) => {
            const text = String(data);
            // A part would keep the whole.
            told.push(detach(/\ncode:(.*)\n/.exec(text)?.[1] ?? text.split("\n")[0] ?? ""));
          },
          closed: ({ clean }) => told.push(clean ? "closed" : "cut"),
        },
        { address },
      );
      runtime.pump();
      return {
        line,
        told,
        login: () => {
          line.send(CONNECT);
          runtime.pump();
        },
      };
    },
  };
}

describe("The line at the door", () => {
  test("lets only so many from one address say who they are at a time, the others wait unread", () => {
    const { visit } = open({ loginsPendingPerAddressMax: 2 });
    const [first, second, third, fourth] = [visit(), visit(), visit(), visit()];
    expect([first, second, third, fourth].map(({ line }) => line.paused)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    third.login();
    expect(third.told).toEqual([]);
    // Whoever is in makes room for the one who waited longest.
    first.login();
    expect([first.told, third.told, third.line.paused]).toEqual([
      ["CONNECTED"],
      ["CONNECTED"],
      false,
    ]);
    expect(fourth.line.paused).toBe(false);
  });

  test("counts all addresses together as well, loopback too", () => {
    const { visit } = open({ loginsPendingMax: 2, loginsPendingPerAddressMax: 1 });
    const all = [visit("192.0.2.1"), visit("127.0.0.1"), visit("192.0.2.3")];
    expect(all.map(({ line }) => line.paused)).toEqual([false, false, true]);
    all[1]?.login();
    expect(all[2]?.line.paused).toBe(false);
  });

  test("is not held up by an address that has no room, when another has", () => {
    const { visit } = open({ loginsPendingMax: 2, loginsPendingPerAddressMax: 1 });
    const [one, other] = [visit("192.0.2.1"), visit("192.0.2.2")];
    const [sameAsOne, third] = [visit("192.0.2.1"), visit("192.0.2.3")];
    other.login();
    expect([sameAsOne.line.paused, third.line.paused]).toEqual([true, false]);
    one.line.cut();
    expect(sameAsOne.line.paused).toBe(false);
  });

  test("sends those who say nothing to its end, so that they keep nobody out", () => {
    const { visit, runtime } = open({ loginsPendingMax: 2 });
    const [mute, slow, third] = [visit(), visit("192.0.2.2"), visit("192.0.2.3")];
    slow.line.send("CONN");
    third.login();
    expect(third.told).toEqual([]);
    runtime.advance(900);
    expect(third.told).toEqual([]);
    runtime.advance(200);
    expect(third.told).toEqual(["CONNECTED"]);
    // Whoever has begun to speak stays, and who was sent back may still come in.
    slow.line.send("ECT\naccept-version:1.2\nhost:a\n\n\0");
    mute.login();
    expect([slow.told, mute.told]).toEqual([["CONNECTED"], ["CONNECTED"]]);
  });

  test("forgets who left while waiting, and who was told that it took too long", () => {
    const { visit, broker, runtime } = open({
      loginsPendingPerAddressMax: 1,
      loginTimeoutMs: 1_000,
    });
    const [first, second, third] = [visit(), visit(), visit()];
    second.line.cut();
    expect(broker.connections.size).toBe(2);
    runtime.advance(500);
    third.login();
    runtime.advance(600);
    expect(first.told).toEqual(["login-timeout", "closed"]);
    const waited = third.told[0];
    expect(waited === "CONNECTED" || waited === "login-timeout").toBe(true);
    runtime.advance(5_000);
    const last = visit();
    expect(last.line.paused).toBe(false);
  });
});

describe("Limits on connections", () => {
  test("in all: one more is told so and goodbye, and comes in when another has left", () => {
    const { visit, broker } = open({ connectionsMax: 2 });
    const [first] = [visit("127.0.0.1"), visit("127.0.0.1")];
    const third = visit("127.0.0.1");
    expect(third.told).toEqual(["too-many-connections", "closed"]);
    expect(broker.connections.size).toBe(2);
    first?.line.end();
    const fourth = visit("127.0.0.1");
    fourth.login();
    expect(fourth.told).toEqual(["CONNECTED"]);
  });

  test("from one address; this machine's own are exempt", () => {
    const { visit, broker } = open({ connectionsPerAddressMax: 1 });
    visit(FAR).login();
    expect(visit(FAR).told[0]).toBe("too-many-connections");
    visit("192.0.2.2").login();
    for (const own of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
      for (const each of [visit(own), visit(own)]) {
        each.login();
        expect(each.told).toEqual(["CONNECTED"]);
      }
    }
    // Other places that are taken count as well.
    const leave = broker.connections.enter("192.0.2.3", () => {});
    expect(broker.connections.refusal("192.0.2.3")?.code).toBe("too-many-connections");
    leave();
    leave();
    expect(broker.connections.refusal("192.0.2.3")).toBeUndefined();
  });

  test("those who were refused take nobody's place, however long they stay", () => {
    const { visit, broker } = open({ connectionsMax: 1 });
    const first = visit();
    const refused = Array.from({ length: 5 }, () => visit());
    expect(refused.map(({ told }) => told[0])).toEqual(refused.map(() => "too-many-connections"));
    expect(broker.connections.size).toBe(1);
    first.line.cut();
    expect(broker.connections.size).toBe(0);
    const next = visit();
    next.login();
    expect(next.told).toEqual(["CONNECTED"]);
  });
});

describe("A flood on one connection", () => {
  const send = "SEND\ndestination:/topic/a\n\nx\0";

  test("leaves room for others: who comes later is answered before the flood is over", () => {
    const { visit } = open({});
    const [flooder, other] = [visit(), visit()];
    flooder.login();
    other.login();
    flooder.line.send(`${send.repeat(30_000)}SEND\ndestination:/topic/a\nreceipt:flood\n\nx\0`);
    const order: string[] = [];
    other.line.send("SEND\ndestination:/topic/a\nreceipt:other\n\nx\0");
    // Each turn of the event loop is one round of deferred tasks; the fake line tells at once.
    const watch = (visitor: Visitor, name: string) => {
      const { told } = visitor;
      const push = told.push.bind(told);
      told.push = (...all) => {
        if (all.includes("RECEIPT")) order.push(name);
        return push(...all);
      };
    };
    watch(flooder, "flooder");
    watch(other, "other");
    visit();
    expect(order).toEqual(["other", "flooder"]);
  });

  test("is not read on while it waits for its turn, and is all carried out in the end", () => {
    const { visit, broker } = open({});
    const flooder = visit();
    flooder.login();
    flooder.line.send(send.repeat(30_000));
    expect(flooder.line.paused).toBe(true);
    expect(broker.context.engine.counters.published).toBeLessThan(10_000);
    visit();
    expect(flooder.line.paused).toBe(false);
    expect(broker.context.engine.counters.published).toBe(30_000);
  });

  test("is read on as long as little of it waits", () => {
    const { visit, broker } = open({});
    const flooder = visit();
    flooder.login();
    // A little more than its go.
    flooder.line.send(send.repeat(2_100));
    expect(broker.context.engine.counters.published).toBeLessThan(2_100);
    expect(flooder.line.paused).toBe(false);
    flooder.line.send(send.repeat(3_000));
    expect(flooder.line.paused).toBe(true);
    visit();
    expect(flooder.line.paused).toBe(false);
    expect(broker.context.engine.counters.published).toBe(5_100);
  });

  test("counts in the memory budget as it comes, before its turn", () => {
    const { visit, broker } = open({});
    const flooder = visit();
    flooder.login();
    const { memory } = broker.context;
    // A little more than its go, and what waits behind it.
    const frames = send.repeat(2_100);
    flooder.line.send(frames);
    flooder.line.send(frames);
    expect(broker.context.engine.counters.published).toBeLessThan(2_100);
    expect(memory.used).toBeGreaterThanOrEqual(frames.length);
    visit();
    expect([broker.context.engine.counters.published, memory.used]).toEqual([4_200, 0]);
  });

  test("that is cut while it waits has what arrived carried out, and gives its memory back", () => {
    const { visit, broker } = open({});
    const flooder = visit();
    flooder.login();
    flooder.line.send(send.repeat(30_000));
    flooder.line.cut();
    expect(broker.context.engine.counters.published).toBe(30_000);
    expect([broker.connections.size, broker.context.memory.used]).toEqual([0, 0]);
  });
});

test("A client that is behind is given messages of all its queues in turn, whichever it subscribed to first", () => {
  const { visit, broker, runtime } = open({ outboxBytesMax: 16_384 });
  const [slow, publisher] = [visit(), visit()];
  slow.login();
  publisher.login();
  const queues = ["/queue/a", "/queue/b", "/queue/c"];
  for (const queue of queues) {
    for (let i = 0; i < 50; i++) {
      publisher.line.send(`SEND\ndestination:${queue}\n\n${"x".repeat(9_000)}\0`);
    }
  }
  slow.line.stall();
  for (const queue of queues) {
    slow.line.send(`SUBSCRIBE\nid:${queue}\ndestination:${queue}\n\n\0`);
  }
  runtime.pump();
  // It takes what was written, and nothing that is written for that.
  const push = slow.told.push.bind(slow.told);
  slow.told.push = (...all) => {
    slow.line.stall();
    return push(...all);
  };
  for (let reads = 0; reads < 40; reads++) slow.line.flow();
  const taken = queues.map((queue) => 50 - (broker.context.engine.queues.get(queue)?.ready ?? 0));
  expect(Math.min(...taken)).toBeGreaterThan(10);
  expect(Math.max(...taken) - Math.min(...taken)).toBeLessThanOrEqual(5);
});

describe("A publisher that is held back when its wire goes", () => {
  const subscribe = (destination: string, more = ""): string =>
    `SUBSCRIBE\nid:s\ndestination:${destination}\n${more}\n\0`;
  /** One that listens and reads nothing, and one that is held back for it and gone. */
  const withOneGone = (about: { readonly subscribes: string; readonly login?: string }) => {
    const { visit, broker, runtime } = open({ outboxBytesMax: 16_384 });
    const enter = (text: string): Visitor => {
      const visitor = visit();
      visitor.line.send(about.login ?? CONNECT);
      visitor.line.send(text);
      runtime.pump();
      return visitor;
    };
    const slow = enter(subscribe("/topic/a"));
    const publisher = enter(about.subscribes);
    slow.line.stall();
    publisher.line.send(`SEND\ndestination:/topic/a\n\n${"x".repeat(9_000)}\0`);
    runtime.pump();
    expect(publisher.line.paused).toBe(true);
    publisher.line.cut();
    return { broker, runtime, slow, enter };
  };

  test("is given no message of a queue: somebody else is", () => {
    const { runtime, enter } = withOneGone({ subscribes: subscribe("/queue/q") });
    const sends = "SEND\ndestination:/queue/q\n\nm\0".repeat(3);
    const heir = enter(`${sends}${subscribe("/queue/q")}`);
    runtime.pump();
    expect(heir.told).toEqual(["CONNECTED", "MESSAGE", "MESSAGE", "MESSAGE"]);
  });

  test("is at its end when it is refused, though nobody releases it", () => {
    const durably = subscribe("/topic/b", "activemq.subscriptionName:n\n");
    const login = CONNECT.replace("host:a\n", "host:a\nclient-id:c\n");
    const { broker, slow, enter } = withOneGone({ subscribes: durably, login });
    const heir = enter(durably);
    slow.line.cut();
    expect(broker.connections.size).toBe(1);
    heir.line.cut();
    expect([broker.connections.size, broker.context.heldBack.waiting.size]).toEqual([0, 0]);
  });
});

test.each([
  ["one receipt after the other", (i: number) => `destination:/topic/a\nreceipt:r-${i}`],
  ["many destinations", (i: number) => `destination:/topic/a${i}\nreceipt:r-${i}`],
  ["values of its own", (i: number) => `destination:/topic/a\nreceipt:r-${i}\nown:${i}\nmore:${i}`],
])("What is known of a client's heads keeps none of its frames alive: %s", (_what, head) => {
  const CLIENTS = 20;
  const BODY_BYTES = 400_000;
  const { visit, runtime } = open({});
  const visitors = Array.from({ length: CLIENTS }, (_, at) => visit(`192.0.2.${at + 1}`));
  for (const visitor of visitors) visitor.login();
  const heap = (): number => {
    Bun.gc(true);
    return heapStats().heapSize;
  };
  const before = heap();
  for (const [at, { line }] of visitors.entries()) {
    for (let i = 0; i < 8; i++) {
      // Of its own: a text that is the same for all would count once.
      const body = Buffer.alloc(BODY_BYTES, 97 + at).toString();
      line.send(`SEND\n${head(i)}\n\n${body}\0`);
      runtime.pump();
    }
  }
  expect(heap() - before).toBeLessThan((CLIENTS * BODY_BYTES) / 2);
  expect(visitors.every(({ told }) => told.length === 9)).toBe(true);
});

describe("What was written of a message stays with none that waits on", () => {
  const COUNT = 50;
  const BODY_BYTES = 100_000;

  test.each([
    ["that came back from a consumer", "/queue/q", "", "ack:client-individual\nprefetch-count:0\n"],
    ["that was shown", "/queue/q", "", "browser:true\n"],
    ["that a topic keeps", "/topic/t", "retain:set\n", ""],
  ])("%s", (_what, destination, asked, subscribed) => {
    const { visit, runtime, broker } = open({});
    const enter = (text: string): Visitor => {
      const visitor = visit();
      visitor.login();
      visitor.line.send(text);
      runtime.pump();
      return visitor;
    };
    const heap = (): number => {
      Bun.gc(true);
      return heapStats().heapSize;
    };
    const sender = enter("");
    for (let at = 0; at < COUNT; at++) {
      const body = Buffer.alloc(BODY_BYTES, 97 + (at % 26)).toString();
      const path = destination.startsWith("/topic/") ? `${destination}.${at}` : destination;
      sender.line.send(`SEND\ndestination:${path}\n${asked}\n${body}\0`);
      runtime.pump();
    }
    const [before, counted] = [heap(), broker.context.memory.used];
    const pattern = destination.startsWith("/topic/") ? `${destination}.*` : destination;
    for (let round = 0; round < 4; round++) {
      const { told, line } = enter(
        `SUBSCRIBE\nid:s${round}\ndestination:${pattern}\n${subscribed}\n\0`,
      );
      expect(told.filter((each) => each === "MESSAGE").length).toBeGreaterThanOrEqual(COUNT);
      line.cut();
    }
    // Those who come at a time share what is written.
    runtime.advance(100);
    expect(broker.context.memory.used).toBe(counted);
    expect(heap() - before).toBeLessThan((COUNT * BODY_BYTES) / 2);
  });
});
