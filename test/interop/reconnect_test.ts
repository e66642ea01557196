/** A broker that goes and comes back: what a client library makes of it by itself. */

import { expect, test } from "bun:test";
import { RxStomp, RxStompState } from "@stomp/rx-stomp";
import { Client, type IMessage } from "@stomp/stompjs";
import { filter, firstValueFrom } from "rxjs";
import { defaultConfig } from "../../src/config.ts";
import { startStompbox, type Stompbox } from "../../src/stompbox.ts";

const RECONNECT_MS = 50;

/** A broker on that port of 127.0.0.1; 0 lets the system choose. */
async function startOn(port: number): Promise<{ broker: Stompbox; port: number }> {
  const config = defaultConfig({ listen: [`ws://127.0.0.1:${port}`] });
  const broker = await startStompbox(config, { version: "test" });
  return { broker, port: broker.addresses[0]?.port ?? 0 };
}

test("@stomp/stompjs 7 connects again when the broker is back, and its subscription works", async () => {
  const first = await startOn(0);
  const messages: string[] = [];
  const errors: string[] = [];
  const closes: number[] = [];
  const connected = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const received = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const lost = Promise.withResolvers<void>();
  let connections = 0;
  const client = new Client({
    brokerURL: `ws://127.0.0.1:${first.port}/`,
    reconnectDelay: RECONNECT_MS,
    onConnect: () => {
      client.subscribe("/topic/news", (message: IMessage) => {
        messages.push(message.body);
        received[messages.length - 1]?.resolve();
      });
      connected[connections++]?.resolve();
    },
    onStompError: (frame) => void errors.push(frame.headers["code"] ?? ""),
    onWebSocketClose: (event: CloseEvent) => {
      closes.push(event.code);
      lost.resolve();
    },
  });
  client.activate();
  try {
    await connected[0]?.promise;
    client.publish({ destination: "/topic/news", body: "before" });
    await received[0]?.promise;
    await first.broker.stop();
    await lost.promise;
    expect(client.connected).toBe(false);
    const second = await startOn(first.port);
    try {
      await connected[1]?.promise;
      client.publish({ destination: "/topic/news", body: "after" });
      await received[1]?.promise;
      expect(messages).toEqual(["before", "after"]);
      // Told why, then closed as going away; later failures are attempts while nobody listened.
      expect(errors).toEqual(["shutting-down"]);
      expect(closes[0]).toBe(1001);
    } finally {
      await client.deactivate();
      await second.broker.stop();
    }
  } finally {
    await client.deactivate();
    await first.broker.stop();
  }
});

test("@stomp/rx-stomp subscribes again by itself and sends what waited meanwhile", async () => {
  const first = await startOn(0);
  const rx = new RxStomp();
  const stateIs = (wanted: RxStompState) =>
    firstValueFrom(rx.connectionState$.pipe(filter((state) => state === wanted)));
  rx.configure({
    brokerURL: `ws://127.0.0.1:${first.port}/`,
    reconnectDelay: RECONNECT_MS,
  });
  const came = {
    before: Promise.withResolvers<void>(),
    "while away": Promise.withResolvers<void>(),
  };
  rx.watch("/topic/news").subscribe(({ body }) => {
    if (body === "before" || body === "while away") came[body].resolve();
  });
  rx.activate();
  try {
    await stateIs(RxStompState.OPEN);
    rx.publish({ destination: "/topic/news", body: "before" });
    await came.before.promise;
    await first.broker.stop();
    await stateIs(RxStompState.CLOSED);
    rx.publish({ destination: "/topic/news", body: "while away" });
    const second = await startOn(first.port);
    try {
      await came["while away"].promise;
      expect(rx.connected()).toBe(true);
    } finally {
      await rx.deactivate();
      await second.broker.stop();
    }
  } finally {
    await rx.deactivate();
    await first.broker.stop();
  }
});
