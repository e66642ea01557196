import { expect, test } from "bun:test";
import { Course } from "../../src/bench/course.ts";
import type { LoadContext } from "../../src/bench/load.ts";
import { runLoad } from "../../src/bench/run_load.ts";
import { createShare } from "../../src/bench/share.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { PLAIN_SPEC } from "./plain_spec.ts";

/** A process that receives what another one sends. */
function follower(): { readonly context: LoadContext; readonly course: Course } {
  const share = createShare({ index: 1, count: 2, run: "a" }, () => undefined);
  const course = new Course(1);
  course.follow();
  share.onTotal = (total) => course.end(total);
  return {
    course,
    context: {
      spec: { ...PLAIN_SPEC, messages: 5 },
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
