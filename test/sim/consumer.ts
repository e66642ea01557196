import type { ReceivedFrame } from "../support/received_frame.ts";
import { settling } from "../support/steps.ts";
import type { Delivery, SimSubscription, SimTransaction } from "./ledger.ts";
import { openSimClient, type SimClient } from "./sim_client.ts";
import { drawStyle, type SimWorld } from "./sim_world.ts";

/** How a consumer is. */
export interface Temperament {
  /** Longest time until it settles a message, in ms. */
  readonly lazyMs: number;
  readonly nacks: number;
  readonly transacts: number;
}

/** Starts a consumer that comes back whenever it is lost, until the run is finishing. */
export function startConsumer(world: SimWorld, name: string): void {
  const { runtime, chance, plan } = world;
  const temperament: Temperament = {
    lazyMs: chance.pick([0, 50, 400]),
    nacks: chance.pick([0, 0.1, 0.4]),
    transacts: chance.pick([0, 0.2]),
  };
  let lives = 0;
  const live = (): void => {
    const life = ++lives;
    const consumption = consume(world, temperament);
    const step = (client: SimClient): void => {
      if (client.over || !client.connected || world.finishing) return;
      if (chance.odds(0.03 * plan.trouble)) return client.crash();
      if (chance.odds(0.02 * plan.trouble)) return client.disconnect();
      if (chance.odds(0.05 * plan.trouble)) client.stall(chance.integer(0, 8_000));
      if (chance.odds(0.05)) consumption.unsubscribe(client);
      if (chance.odds(0.08)) consumption.subscribe(client, drawPath(world));
      runtime.after(chance.integer(20, 300), () => step(client));
    };
    const client = openSimClient(world, {
      name: `${name}.${life}`,
      ...drawStyle(world),
      mayMeet: plan.consumersMayMeet,
      onConnected: (connected) => {
        for (let count = chance.integer(1, 3); count > 0; count--) {
          consumption.subscribe(connected, drawPath(world));
        }
        step(connected);
      },
      onMessage: consumption.receive,
      onOver: () => {
        if (!world.finishing) runtime.after(chance.integer(10, 500), live);
      },
    });
    world.clients.push(client);
  };
  live();
}

/** Starts the consumer at the end, which takes everything that is left. */
export function startDrain(world: SimWorld, paths: readonly string[]): SimClient {
  const consumption = consume(world, { lazyMs: 0, nacks: 0, transacts: 0 });
  const { style } = drawStyle(world);
  const client = openSimClient(world, {
    name: "drain",
    version: "1.2",
    heartBeatMs: 0,
    style: { ...style, latencyMs: 1 },
    mayMeet: new Set(),
    onConnected: (connected) => {
      for (const path of paths) consumption.subscribe(connected, path, "client-individual");
    },
    onMessage: consumption.receive,
    onOver: () => {},
  });
  world.clients.push(client);
  return client;
}

function drawPath(world: SimWorld): string {
  const { chance, plan } = world;
  if (chance.odds(0.15)) return chance.pick(plan.patterns);
  return chance.odds(0.6) ? chance.pick(plan.queues) : chance.pick(plan.topics);
}

/** What a consumer does on one connection. */
interface Consumption {
  subscribe(client: SimClient, path: string, ack?: SimSubscription["ack"]): void;
  /** Ends one of its subscriptions, if there is one. */
  unsubscribe(client: SimClient): void;
  receive(client: SimClient, frame: ReceivedFrame): void;
}

function consume(world: SimWorld, temperament: Temperament): Consumption {
  const { runtime, chance, ledger } = world;
  const live: SimSubscription[] = [];
  const frames = new Map<Delivery, ReceivedFrame>();
  let open: SimTransaction | undefined;
  let subscriptions = 0;
  let transactions = 0;

  const settleHeaders = (client: SimClient, delivery: Delivery): Record<string, string> => {
    const frame = frames.get(delivery);
    if (frame === undefined) throw new Error("A delivery without its frame");
    const headers = settling(client.version, frame);
    if (client.version === "1.0") headers["subscription"] = delivery.subscription.id;
    return headers;
  };
  const transactionOf = (client: SimClient): SimTransaction | undefined => {
    if (!chance.odds(temperament.transacts)) return undefined;
    if (open !== undefined) return open;
    const id = `${client.name}-t${++transactions}`;
    const begun: SimTransaction = { id, state: "open", sends: [], settles: [] };
    open = begun;
    client.send("BEGIN", { transaction: id });
    runtime.after(chance.integer(0, 1_000), () => end(client, begun));
    return begun;
  };
  const end = (client: SimClient, transaction: SimTransaction): void => {
    open = undefined;
    if (client.over || !client.connected) return;
    const { id } = transaction;
    if (chance.odds(0.4)) {
      const returned = [...transaction.settles];
      ledger.aborting(transaction);
      client.send("ABORT", { transaction: id }, { receipt: chance.odds(0.5) });
      for (const each of returned) plan(client, each);
      return;
    }
    transaction.state = "committing";
    client.send(
      "COMMIT",
      { transaction: id },
      {
        receipt: chance.odds(0.6),
        onAccepted: () => {
          transaction.state = "committed";
          ledger.settled(transaction.settles);
        },
      },
    );
  };
  const settle = (client: SimClient, delivery: Delivery): void => {
    if (client.over || !client.connected) return;
    const { subscription } = delivery;
    const at = subscription.held.indexOf(delivery);
    if (at < 0) {
      // Too late, and to be ignored: only 1.2 names a delivery that cannot be mistaken for another.
      const isLate = client.version === "1.2" && delivery.transaction === undefined;
      if (isLate && chance.odds(0.3)) client.send("ACK", settleHeaders(client, delivery));
      return;
    }
    const verdict = chance.odds(temperament.nacks) ? "refused" : "accepted";
    const transaction = transactionOf(client);
    const all = subscription.ack === "client" ? subscription.held.slice(0, at + 1) : [delivery];
    ledger.settling(all, verdict, transaction);
    const headers = settleHeaders(client, delivery);
    if (transaction !== undefined) headers["transaction"] = transaction.id;
    client.send(verdict === "accepted" ? "ACK" : "NACK", headers, {
      receipt: chance.odds(0.4),
      ...(transaction === undefined ? { onAccepted: () => ledger.settled(all) } : {}),
    });
  };
  const plan = (client: SimClient, delivery: Delivery): void => {
    runtime.after(chance.integer(0, temperament.lazyMs), () => settle(client, delivery));
  };

  return {
    subscribe: (client, path, ack = chance.pick(["auto", "client", "client-individual"])) => {
      const prefetch = ack === "auto" ? Infinity : chance.pick([1, 2, 5, 50]);
      const subscription: SimSubscription = {
        id: `${client.name}-s${++subscriptions}`,
        client,
        path,
        ack,
        prefetch,
        liveAt: undefined,
        endedAt: undefined,
        unsettled: 0,
        held: [],
      };
      live.push(subscription);
      ledger.subscribing(subscription);
      const headers: Record<string, string> = { id: subscription.id, destination: path, ack };
      if (ack !== "auto") headers["prefetch-count"] = String(prefetch);
      client.send("SUBSCRIBE", headers, {
        receipt: chance.odds(0.7),
        onAccepted: () => (subscription.liveAt = runtime.elapsedMs),
      });
    },
    unsubscribe: (client) => {
      const subscription = live.splice(chance.integer(0, live.length - 1), 1)[0];
      if (subscription === undefined) return;
      subscription.endedAt = runtime.elapsedMs;
      subscription.held.length = 0;
      client.send("UNSUBSCRIBE", { id: subscription.id }, { receipt: chance.odds(0.5) });
    },
    receive: (client, frame) => {
      const delivery = ledger.received(client, frame);
      if (delivery === undefined || delivery.subscription.ack === "auto") return;
      frames.set(delivery, frame);
      plan(client, delivery);
    },
  };
}
