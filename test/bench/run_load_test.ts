import { expect, test } from "bun:test";
import { Course } from "../../src/bench/course.ts";
import type { LoadContext } from "../../src/bench/load.ts";
import { runLoad } from "../../src/bench/run_load.ts";
import { createShare } from "../../src/bench/share.ts";
import { parseBrokerUrl } from "../../src/client/broker_url.ts";
import { systemRuntime } from "../../src/runtime.ts";

/** A process that receives what another one sends. */
function follower(): { readonly context: LoadContext; readonly course: Course } {
  const share = createShare({ index: 1, count: 2, run: "a" }, () => undefined);
  const course = new Course(1);
  course.follow();
  share.onTotal = (total) => course.end(total);
  return {
    course,
    context: {
      spec: {
        workload: "fan-out",
        address: { url: parseBrokerUrl("tcp://localhost"), trust: {}, heartBeatMs: 0 },
        protocol: "stomp",
        pids: [],
        bodyBytes: 100,
        messages: 5,
        seconds: 0,
        warmUpSeconds: 0,
        senders: 1,
        subscribers: 1,
        pairs: 1,
        connections: 1,
        ack: "auto",
        ids: "alike",
        window: 64,
        rate: 1,
        persistent: false,
        destination: "{}",
        run: "a",
      },
      protocol: {
        message: () => ({ frame: new Uint8Array(), places: [0] }),
        connect: () => Promise.reject(new Error("Nothing to connect to")),
      },
      opened: new Set(),
      isStopped: () => false,
      runtime: systemRuntime,
      nanoseconds: () => Bun.nanoseconds(),
      stopped: new Promise(() => undefined),
      progress: () => undefined,
      share,
    },
  };
}

test("what another process sent before this one was told to start counts", async () => {
  const { context, course } = follower();
  const load = { course, clients: [], start: () => undefined, books: [] };
  const running = runLoad(load, context);
  course.came(2);
  context.share?.take({ type: "start" });
  course.came(3);
  context.share?.take({ type: "total", count: 5 });
  const { counts } = await running;
  expect(counts).toMatchObject({ deliveries: 5, lost: 0 });
});
