/** Another configuration for a broker that runs: whole or not at all, and at nobody's cost. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConfigOverrides, defaultConfig, OPTIONS } from "../src/config.ts";
import { type Runtime, systemRuntime } from "../src/runtime.ts";
import { ReloadError, startStompbox } from "../src/stompbox.ts";
import { openBroker } from "./support/brokers.ts";
import type { RawPeer } from "./support/peer.ts";
import { receive, settle, subscribe } from "./support/steps.ts";
import { connectHeaders } from "./transport_matrix.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const QUEUE = "/queue/q";
const TOPIC = "/topic/t";

const folder = mkdtempSync(join(tmpdir(), "stompbox-reload-"));
beforeAll(() => writeFileSync(join(folder, "index.html"), "<p>own</p>"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a reload", () => {
  const listen = ["ws://localhost:0", "tcp://localhost:0"];
  const fixed = [
    [
      "listen",
      { listen: ["ws://localhost:1"] },
      'to ["ws://localhost:1"]: it needs a restart, and is ["ws://localhost:0","tcp://localhost:0"] until then',
    ],
    [
      "allow-anonymous",
      { allowAnonymous: true },
      "to true: it needs a restart, and is false until then",
    ],
    ["watch", { watch: true }, "to true: it needs a restart, and is false until then"],
    [
      "ports-file",
      { portsFile: "p.json" },
      'to "p.json": it needs a restart, and is none until then',
    ],
  ] satisfies [string, ConfigOverrides, string][];

  test("every option that is not live is refused here", () => {
    const all = OPTIONS.filter(({ holds }) => holds === undefined).map(({ key }) => key);
    expect(fixed.map(([key]): string => key).sort()).toEqual(all.sort());
  });

  test.each(fixed)("that changes %s is refused as a whole", async (key, overrides, sentence) => {
    const broker = await startStompbox(defaultConfig({ listen }), { version: "test" });
    try {
      const wanted = defaultConfig({ listen, unprefixed: "topic", ...overrides });
      const refusal = await broker.reload(wanted).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(ReloadError);
      expect(refusal).toMatchObject({ reasons: [`Cannot change ${key} ${sentence}`] });
      // Nothing of it holds: what differs now is the rest.
      const changes = await broker.reload(defaultConfig({ listen, unprefixed: "topic" }));
      expect(changes.map(({ option }) => option.key)).toEqual(["unprefixed"]);
    } finally {
      await broker.stop();
    }
  });

  test("tells every reason at once", async () => {
    const broker = await startStompbox(defaultConfig({ listen }), { version: "test" });
    try {
      const wanted = defaultConfig({ listen, portsFile: "p.json", allowAnonymous: true });
      const refusal = await broker.reload(wanted).catch((error: unknown) => error);
      expect(refusal).toMatchObject({
        reasons: [
          expect.stringContaining("allow-anonymous"),
          expect.stringContaining("ports-file"),
        ],
      });
    } finally {
      await broker.stop();
    }
  });

  test("to a folder that is not there is refused as a whole", async () => {
    const broker = await startStompbox(defaultConfig({ listen }), { version: "test" });
    try {
      const missing = join(folder, "missing");
      const wanted = defaultConfig({ listen, static: missing, unprefixed: "topic" });
      const refusal = await broker.reload(wanted).catch((error: unknown) => error);
      const reason = `Cannot serve folder ${JSON.stringify(missing)}: not found`;
      expect(refusal).toMatchObject({ reasons: [reason] });
      expect(await broker.reload(defaultConfig({ listen }))).toEqual([]);
    } finally {
      await broker.stop();
    }
  });

  test("while another is on its way comes after it", async () => {
    const broker = await startStompbox(defaultConfig({ listen }), { version: "test" });
    try {
      const [first, second] = await Promise.all([
        broker.reload(defaultConfig({ listen, static: folder })),
        broker.reload(defaultConfig({ listen })),
      ]);
      expect(first.map(({ after }) => after)).toEqual([folder]);
      expect(second.map(({ before }) => before)).toEqual([folder]);
    } finally {
      await broker.stop();
    }
  });

  test("that the stop comes in between is refused, and nothing of it goes on", async () => {
    let running = 0;
    const every: Runtime["every"] = (periodMs, task) => {
      running++;
      const stop = systemRuntime.every(periodMs, task);
      return () => {
        running--;
        stop();
      };
    };
    const runtime = { ...systemRuntime, every };
    const config = defaultConfig({ listen, watch: true });
    const broker = await startStompbox(config, { version: "test", runtime });
    const reloaded = broker.reload({ ...config, static: folder }).catch((error: unknown) => error);
    // The reload has begun, and looks at the folder.
    await Promise.resolve();
    await broker.stop();
    expect(await reloaded).toMatchObject({ reasons: ["Cannot reload: the broker is stopping"] });
    expect(running).toBe(0);
  });

  test("after the stop is refused", async () => {
    const broker = await startStompbox(defaultConfig({ listen }), { version: "test" });
    await broker.stop();
    const refusal = await broker.reload(defaultConfig({ listen })).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ reasons: ["Cannot reload: the broker is stopping"] });
  });

  test.each(["ws", "tcp"] as const)(
    "ten of them cost no connection and no message [%s]",
    async (transport) => {
      const broker = await openBroker(transport, {});
      const connect = async (): Promise<RawPeer> => {
        const peer = await broker.open();
        peer.frame("CONNECT", connectHeaders("1.2"));
        await peer.expect("CONNECTED");
        return peer;
      };
      try {
        const [sender, subscriber, consumer] = [await connect(), await connect(), await connect()];
        await subscribe(subscriber, TOPIC);
        await subscribe(consumer, QUEUE, { ack: "client-individual", "prefetch-count": "3" });
        const expected: string[] = [];
        for (let round = 0; round < 10; round++) {
          const reloaded = broker.reload({
            strictOrigin: round % 2 === 0,
            maxDeliveries: 3 + round,
            destinations:
              round % 3 === 0 ? [] : [{ match: "/queue/>", bytesMax: (1 + round) * MIB }],
            limits: { frameBytesMax: (1 + round) * 64 * KIB, queueMessagesMax: 1_000 + round },
          });
          for (let count = 0; count < 20; count++) {
            const body = `${round}.${count}`;
            expected.push(body);
            sender.frame("SEND", { destination: TOPIC }, body);
            sender.frame("SEND", { destination: QUEUE }, body);
          }
          await reloaded;
        }
        await receive(subscriber, ...expected);
        for (const body of expected) {
          await settle(consumer, "ACK", await consumer.expect("MESSAGE", {}, body));
        }
        await sender.silent();
        await subscriber.silent();
        expect(broker.events.map(({ type }) => type)).not.toContain("disconnected");
      } finally {
        await broker.stop();
      }
    },
  );
});
