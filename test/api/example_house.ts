/** The broker that the examples of docs/api.md and of the OpenAPI document assume. */

import { openBroker } from "../support/brokers.ts";
import type { RawPeer } from "../support/peer.ts";
import { disconnect, send, settle, subscribe } from "../support/steps.ts";

/** A broker beside which every example makes sense. */
export interface ExampleHouse {
  /** `http://localhost:PORT` */
  readonly root: string;
  stop(): Promise<void>;
}

/**
 * Starts a broker with connection 1, which listens to frames and prices; with
 * three messages in queue `orders` and one that became a dead letter; and with
 * the durable subscription `audit` of client `c1` to `/topic/prices`, for which
 * a message waits. It must be stopped.
 */
export async function openExampleHouse(): Promise<ExampleHouse> {
  const broker = await openBroker("tcp");
  const connect = async (headers: Readonly<Record<string, string>> = {}): Promise<RawPeer> => {
    const peer = await broker.open();
    peer.frame("CONNECT", { "accept-version": "1.2", host: "localhost", ...headers });
    await peer.expect("CONNECTED");
    return peer;
  };
  const listener = await connect();
  await subscribe(listener, "/topic/$system/frames", { id: "frames" });
  await subscribe(listener, "/topic/prices", { id: "prices" });

  await subscribe(listener, "/queue/packing", { id: "packing", ack: "client" });
  await send(listener, "/queue/packing", "parcel");

  const auditor = await connect({ "client-id": "c1" });
  await subscribe(auditor, "/topic/prices", { durable: "true", id: "audit" });
  await leave(auditor);

  const worker = await connect();
  await subscribe(worker, "/queue/orders", { ack: "client-individual" });
  await send(worker, "/queue/orders", "spoilt");
  await settle(worker, "NACK", await worker.take("MESSAGE"), { requeue: "false" });
  await worker.done("UNSUBSCRIBE", { id: "s" });
  await send(worker, "/topic/prices", "42");
  await send(worker, "/queue/orders", "tea", "milk", "bread");
  await leave(worker);

  const port = broker.addresses.find(({ scheme }) => scheme === "ws")?.port;
  return { root: `http://localhost:${port}`, stop: () => broker.stop() };
}

async function leave(peer: RawPeer): Promise<void> {
  await disconnect(peer);
  peer.line.cut();
}
