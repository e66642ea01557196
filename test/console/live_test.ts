import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import {
  createLive,
  createLiveClient,
  type Live,
  type LiveState,
} from "../../console/broker/live.ts";
import { createStatisticsFeed } from "../../console/broker/statistics.ts";
import type { Store } from "../../console/ui/store.ts";
import { apiAt } from "../../src/api/call_api.ts";
import { type RealBroker, startRealBroker } from "../transport/real_broker.ts";

setDefaultTimeout(20_000);

const endings: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function broker(port = 0): Promise<RealBroker> {
  const started = await startRealBroker({
    listen: [`ws://localhost:${port}`, "tcp://localhost:0"],
  });
  endings.push(() => started.stop());
  return started;
}

function liveAt(port: number): Live {
  return createLive({
    createClient: () => createLiveClient(`ws://localhost:${port}/`),
    lingerMs: 0,
  });
}

/** Resolves with the first value for which `isIt` holds, now or later. */
function when<T>(store: Store<T>, isIt: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const end = store.subscribe(look);
    function look(): void {
      if (!isIt(store.get())) return;
      end?.();
      resolve(store.get());
    }
    look();
  });
}

const reached = (live: Live, kind: LiveState["kind"]) =>
  when(live.state, (state) => state.kind === kind);

const consoles = async (port: number) => {
  const { items } = await apiAt(`http://localhost:${port}/`)("connections", {});
  return items.filter(({ login }) => login === "console");
};

test("it is connected only while somebody listens", async () => {
  const { ws } = await broker();
  const live = liveAt(ws);
  expect(live.state.get()).toEqual({ kind: "idle" });
  const end = live.subscribe("statistics", () => {});
  await reached(live, "connected");
  expect(await consoles(ws)).toHaveLength(1);
  end();
  await reached(live, "idle");
  end();
  // Gone as soon as the broker has read the goodbye.
  while ((await consoles(ws)).length > 0);
});

test("several who want the same share one subscription, another selector has its own", async () => {
  const { ws } = await broker();
  const live = liveAt(ws);
  const heard: string[] = [];
  const first = Promise.withResolvers<void>();
  const ends = [
    live.subscribe("destination", ({ destination }) => void heard.push(`a ${destination}`)),
    live.subscribe("destination", ({ destination }) => {
      heard.push(`b ${destination}`);
      first.resolve();
    }),
    live.subscribe("frames", () => {}, { selector: "connection = 3" }),
  ];
  endings.push(() => ends.forEach((end) => end()));
  await reached(live, "connected");
  while ((await consoles(ws))[0]?.subscriptions !== 2);
  const call = apiAt(`http://localhost:${ws}/`);
  await call("publish", { destination: "/queue/new", body: "x" });
  await first.promise;
  expect(heard).toEqual(["a /queue/new", "b /queue/new"]);
  ends[0]?.();
  ends[2]?.();
  while ((await consoles(ws))[0]?.subscriptions !== 1);
});

test("after a lost connection it subscribes again by itself", async () => {
  const first = await broker();
  const live = liveAt(first.ws);
  const heard = Promise.withResolvers<string>();
  endings.push(live.subscribe("destination", ({ destination }) => heard.resolve(destination)));
  await reached(live, "connected");
  await first.stop();
  await reached(live, "waiting");
  await broker(first.ws);
  await reached(live, "connected");
  while ((await consoles(first.ws))[0]?.subscriptions !== 1);
  await apiAt(`http://localhost:${first.ws}/`)("publish", { destination: "/queue/b", body: "" });
  expect(await heard.promise).toBe("/queue/b");
});

/** A broker that answers CONNECT with `answer`, and each SUBSCRIBE with a message of each body. */
function fakeBroker(answer: string, bodies: readonly string[] = []): number {
  let connects = 0;
  const server = Bun.serve({
    port: 0,
    development: false,
    fetch: (request, self) =>
      self.upgrade(request, { headers: { "sec-websocket-protocol": "v12.stomp" } })
        ? undefined
        : new Response(),
    websocket: {
      message(socket, data) {
        const text = String(data);
        if (text.startsWith("CONNECT")) {
          connects += 1;
          socket.send(`${answer}\0`);
          if (answer.startsWith("ERROR")) socket.close(1008, `${connects}`);
        }
        const id = /\nid:(\S+)/.exec(text)?.[1];
        if (!text.startsWith("SUBSCRIBE") || id === undefined) return;
        for (const body of bodies) {
          socket.send(`MESSAGE\nsubscription:${id}\nmessage-id:1\ndestination:/x\n\n${body}\0`);
        }
      },
    },
  });
  endings.push(() => server.stop(true));
  return server.port ?? 0;
}

test.each([
  ["", "Forbidden"],
  ["Only from its own machine\n", "Only from its own machine"],
])("a broker that says not to try again is obeyed, and quoted: body %j", async (body, reason) => {
  const live = liveAt(fakeBroker(`ERROR\nmessage:Forbidden\nretry:false\n\n${body}`));
  endings.push(live.subscribe("statistics", () => {}));
  expect(await reached(live, "refused")).toEqual({ kind: "refused", reason });
});

test("what is not understood is passed over", async () => {
  const good = { at: 1, skipped: 0, event: "created", kind: "queue", destination: "/queue/a" };
  const bodies = ["not json", '{"event":"from the future"}', JSON.stringify(good)];
  const live = liveAt(fakeBroker("CONNECTED\nversion:1.2\n\n", bodies));
  const heard = Promise.withResolvers<unknown>();
  endings.push(live.subscribe("destination", (notice) => heard.resolve(notice)));
  expect(await heard.promise).toEqual(good);
});

test("statistics hold the hour so far and what is wrong, and go on", async () => {
  const { ws } = await broker();
  const live = liveAt(ws);
  const feed = createStatisticsFeed({ callApi: apiAt(`http://localhost:${ws}/`), live });
  endings.push(feed.start());
  const known = await when(feed.lastHour, (hour) => hour.samples.length > 0);
  const last = known.samples.at(-1)?.at ?? 0;
  const later = await when(feed.lastHour, (hour) => (hour.samples.at(-1)?.at ?? 0) > last);
  expect(later.problems).toEqual([]);
});

test("a broker that is closed to the page is asked no more until the feed begins anew", async () => {
  const { ws } = await broker();
  const live = liveAt(ws);
  let asked = 0;
  let headers: Record<string, string> = { "x-forwarded-for": "203.0.113.7" };
  const callApi = apiAt(
    `http://localhost:${ws}/`,
    Object.assign(
      (input: string | URL | Request, init?: RequestInit) => {
        asked += 1;
        return fetch(input, { ...init, headers });
      },
      { preconnect: fetch.preconnect },
    ),
  );
  const feed = createStatisticsFeed({ callApi, live });
  const end = feed.start();
  const refusal = await when(feed.refusal, (reason) => reason !== undefined);
  expect(refusal).toContain("the request has X-Forwarded-For");
  const askedSoFar = asked;
  await reached(live, "idle");
  while ((await consoles(ws)).length > 0);
  expect(asked).toBe(askedSoFar);
  expect(feed.lastHour.get()).toEqual({ samples: [], problems: undefined });
  end();
  headers = {};
  endings.push(feed.start());
  await when(feed.refusal, (reason) => reason === undefined);
  await when(feed.lastHour, ({ problems }) => problems !== undefined);
});
