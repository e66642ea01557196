import { join } from "node:path";
import { z } from "zod";
import type { Peer } from "./peer.ts";
import { firstLine, missingFile, startProgram } from "./program.ts";

const TITLE = "stomp-broker-js";
const LIBRARY = join(import.meta.dir, "node_modules", "stomp-broker-js");

const lineSchema = z.object({ port: z.int(), version: z.string(), node: z.string() });

/** The broker that npm has had for long, on Node. It has topics alone. */
export const stompBrokerJs: Peer = {
  name: "stomp-broker-js",
  title: TITLE,
  warmUpSeconds: 2,
  isLasting: false,
  missing: () => missingFile(TITLE, join(LIBRARY, "package.json")),
  start: async ({ folder }) => {
    const program = join(import.meta.dir, "stomp_broker_js_server.cjs");
    const broker = startProgram(["node", program, LIBRARY], { title: TITLE, folder });
    const line = await broker.waitFor("a line of JSON", () => firstLine(broker));
    const { port, version, node } = lineSchema.parse(JSON.parse(line));
    return {
      url: `ws://127.0.0.1:${port}/stomp`,
      flags: [],
      pids: [broker.pid],
      version,
      settings: `with receipts for SEND by a middleware, on Node ${node}; STOMP over WebSocket`,
      stop: broker.stop,
    };
  },
};
