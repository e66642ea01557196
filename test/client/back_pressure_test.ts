import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { parseBrokerUrl } from "../../src/client/broker_url.ts";
import { connectClient } from "../../src/client/stomp_client.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { type ScriptedPeer, startScriptedBroker } from "./scripted_broker.ts";

// Side by side with others on a machine of few cores.
setDefaultTimeout(20_000);

const BODY = "x".repeat(10_000);
/** More than what the kernel holds for a connection of this machine. */
const MESSAGES_MAX = 20_000;

describe("a client whose broker does not read", () => {
  test("over TCP says when to wait, and goes on when there is room", async () => {
    const peers: ScriptedPeer[] = [];
    const broker = startScriptedBroker((frame, peer) => {
      if (frame.command !== "CONNECT") return;
      peers.push(peer);
      peer.write("CONNECTED\nversion:1.2\n\n^@");
      peer.stall();
    });
    try {
      const client = await connectClient({
        url: parseBrokerUrl(broker.url),
        runtime: systemRuntime,
      });
      let sent = 0;
      do sent++;
      while (client.send({ destination: "/queue/a", body: BODY }) && sent < MESSAGES_MAX);
      expect(sent).toBeLessThan(MESSAGES_MAX);
      expect(client.buffered).toBeLessThan(2 * 1024 ** 2);
      const drained = client.drained();
      peers[0]?.flow();
      await drained;
      expect(client.buffered).toBeLessThan(256 * 1024);
      await broker.received("SEND", sent);
      client.cut();
    } finally {
      broker.stop();
    }
  });

  test("over WebSocket says when to wait, and goes on when there is room", async () => {
    let received = 0;
    const pausing = Promise.withResolvers<Bun.ServerWebSocket>();
    const all = Promise.withResolvers<void>();
    let wanted = Number.POSITIVE_INFINITY;
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      development: false,
      fetch: (request, upgrading) =>
        upgrading.upgrade(request, { headers: { "Sec-WebSocket-Protocol": "v12.stomp" } })
          ? undefined
          : new Response("no", { status: 400 }),
      websocket: {
        message: (socket, message) => {
          if (String(message).startsWith("CONNECT")) {
            socket.send("CONNECTED\nversion:1.2\n\n\0");
            socket.pause();
            pausing.resolve(socket);
          } else if (++received === wanted) all.resolve();
        },
      },
    });
    try {
      const client = await connectClient({
        url: parseBrokerUrl(`ws://127.0.0.1:${server.port}`),
        runtime: systemRuntime,
      });
      const socket = await pausing.promise;
      let sent = 0;
      do sent++;
      while (client.send({ destination: "/queue/a", body: BODY }) && sent < MESSAGES_MAX);
      expect(sent).toBeLessThan(MESSAGES_MAX);
      wanted = sent;
      const drained = client.drained();
      socket.resume();
      await drained;
      await all.promise;
      client.cut();
    } finally {
      server.stop(true);
    }
  });

  test("is not waited for once the connection is over", async () => {
    const broker = startScriptedBroker((frame, peer) => {
      if (frame.command !== "CONNECT") return;
      peer.write("CONNECTED\nversion:1.2\n\n^@");
      peer.stall();
    });
    try {
      const client = await connectClient({
        url: parseBrokerUrl(broker.url),
        runtime: systemRuntime,
      });
      let sent = 0;
      while (client.send({ destination: "/queue/a", body: BODY }) && sent < MESSAGES_MAX) sent++;
      const drained = client.drained();
      client.cut();
      await drained;
      expect((await client.closed)?.message).toContain("was cut");
    } finally {
      broker.stop();
    }
  });
});
