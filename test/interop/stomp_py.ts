/** `stomp.py` as Debian packages it, driven line by line in a Python of its own. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import {
  BeatCounts,
  type ClientKind,
  type InteropClient,
  type InteropOptions,
  NOWHERE,
  ReceiptBook,
} from "./interop_client.ts";

const PYTHON = "/usr/bin/python3";
const BRIDGE = join(import.meta.dir, "stomp_py_bridge.py");

const headersSchema = z.record(z.string(), z.string());
const eventSchema = z.object({
  client: z.int(),
  event: z.enum([
    "connected",
    "message",
    "receipt",
    "error",
    "disconnected",
    "beat-received",
    "beat-sent",
    "failed",
  ]),
  headers: headersSchema.default({}),
  body: z.string().default(""),
  reason: z.string().optional(),
});
type BridgeEvent = z.output<typeof eventSchema>;

function whyMissing(): string | undefined {
  if (!existsSync(PYTHON)) return `no ${PYTHON}`;
  const tried = Bun.spawnSync([PYTHON, "-c", "import stomp"]);
  return tried.exitCode === 0 ? undefined : `${PYTHON} has no stomp, install python3-stomp`;
}

const missing = whyMissing();

/** One Python process for all connections; it is started by the first and killed by `stopPython`. */
const bridge: { process: ReturnType<typeof start> | undefined } = { process: undefined };

/** Ends the Python process, if there is one. */
export async function stopPython(): Promise<void> {
  const { process } = bridge;
  bridge.process = undefined;
  process?.child.kill("SIGKILL");
  await process?.child.exited;
}

/** `stomp.py`. Under CI=true it must be there. */
export const stompPy: ClientKind = {
  name: "stomp.py",
  transport: "tcp",
  versions: ["1.0", "1.1", "1.2"],
  lacks: (version) => (version === "1.0" ? { nack: "it has no NACK for 1.0" } : {}),
  ...(missing === undefined || process.env["CI"] === "true" ? {} : { missing }),
  connect: async (ports, options) => {
    if (missing !== undefined) throw new Error(`Cannot test stomp.py: ${missing}`);
    bridge.process ??= start();
    return connectThrough(bridge.process, { port: ports.tcp, ...options });
  },
};

function start() {
  const child = Bun.spawn([PYTHON, BRIDGE], {
    stdin: "pipe",
    stdout: "pipe",
    // The library logs every lost connection.
    stderr: "ignore",
  });
  const listeners = new Map<number, (event: BridgeEvent) => void>();
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    let parts: string[] = [];
    for await (const chunk of child.stdout) {
      const [first = "", ...more] = decoder.decode(chunk, { stream: true }).split("\n");
      parts.push(first);
      for (const line of more) {
        const event = eventSchema.parse(JSON.parse(parts.join("")));
        listeners.get(event.client)?.(event);
        parts = [line];
      }
    }
  };
  void read();
  return { child, listeners };
}

async function connectThrough(
  { child, listeners }: ReturnType<typeof start>,
  options: InteropOptions & { readonly port: number },
): Promise<InteropClient> {
  const { version, port, heartBeatMs = 0 } = options;
  const client = listeners.size + 1;
  const order = (op: string, more: Readonly<Record<string, unknown>> = {}): void => {
    child.stdin.write(`${JSON.stringify({ client, op, ...more })}\n`);
    void child.stdin.flush();
  };
  const beats = new BeatCounts();
  const receipts = new ReceiptBook();
  const connected = Promise.withResolvers<Readonly<Record<string, string>>>();
  const subscriptions = new Map<string, (event: BridgeEvent) => void>();
  listeners.set(client, (event) => {
    const { headers } = event;
    switch (event.event) {
      case "connected":
        return connected.resolve(headers);
      case "message":
        return subscriptions.get(headers["subscription"] ?? "")?.(event);
      case "receipt":
        return receipts.came(headers["receipt-id"]);
      case "beat-received":
        return beats.noteReceived();
      case "beat-sent":
        return beats.noteSent();
      case "disconnected":
        return;
      case "error":
      case "failed":
        return connected.reject(new Error(event.reason ?? headers["message"]));
    }
  });
  order("open", { version, port, heartBeatMs });
  const headers = await connected.promise;
  return {
    version: headers["version"] ?? "",
    server: headers["server"],
    beats,
    subscribe: (destination, { ack, onMessage }) => {
      const id = `s${subscriptions.size + 1}`;
      subscriptions.set(id, (event) => {
        const bytes = Buffer.from(event.body, "base64");
        const settle = (op: "ack" | "nack", transaction?: string): void =>
          order(op, { version, headers: event.headers, transaction });
        onMessage({
          headers: event.headers,
          body: bytes.toString(),
          bytes,
          ack: (transaction) => settle("ack", transaction),
          nack: () => settle("nack"),
        });
      });
      order("subscribe", { destination, id, ack });
    },
    send: (destination, body, { transaction, headers: more } = {}) => {
      const all = { ...more, ...(transaction === undefined ? {} : { transaction }) };
      order("send", { destination, headers: all, body: Buffer.from(body).toString("base64") });
    },
    begin: (transaction) => order("begin", { transaction }),
    commit: (transaction) => order("commit", { transaction }),
    abort: (transaction) => order("abort", { transaction }),
    settled: () => {
      const { id, came } = receipts.open();
      order("send", { destination: NOWHERE, headers: { receipt: id }, body: "" });
      return came;
    },
    disconnect: async () => {
      const { id, came } = receipts.open();
      order("disconnect", { receipt: id });
      await came;
    },
    cut: () => order("cut"),
  };
}
