import type { ReceivedFrame } from "../support/received_frame.ts";
import { settling } from "../support/steps.ts";
import type { Delivery, SimDurable, SimSubscription, SimTransaction } from "./records.ts";
import type { SimClient } from "./sim_client.ts";
import { DELIVERY_SELECTORS, SELECTORS, type SimSelector } from "./sim_selector.ts";
import type { SimWorld } from "./sim_world.ts";

/** How a consumer is. */
export interface Temperament {
  /** Longest time until it settles a message, in ms. */
  readonly lazyMs: number;
  readonly nacks: number;
  readonly transacts: number;
}

/** A consumer with nothing to wait for and nothing against any message. */
export const WILLING: Temperament = { lazyMs: 0, nacks: 0, transacts: 0 };

/** A temperament as it comes. */
export function drawTemperament({ chance }: SimWorld): Temperament {
  return {
    lazyMs: chance.pick([0, 50, 400]),
    nacks: chance.pick([0, 0.1, 0.4]),
    transacts: chance.pick([0, 0.2]),
  };
}

/** What a subscription is to be. */
export interface Wish {
  /** More than one is a composite destination. */
  readonly paths: readonly string[];
  /** One that no other subscription of the run has; made up if it is not given. */
  readonly id?: string;
  readonly ack?: SimSubscription["ack"];
  readonly selector?: SimSelector | undefined;
  readonly noLocal?: boolean;
  readonly browses?: boolean;
  readonly durable?: SimDurable;
  /** What a message that it gets leads to, beside its being settled. */
  readonly onMessage?: (delivery: Delivery, frame: ReceivedFrame) => void;
}

/** What a consumer does on one connection. */
export interface Consumption {
  subscribe(client: SimClient, wish: Wish): SimSubscription;
  /** Notes a subscription that the broker makes by itself. */
  expect(client: SimClient, wish: Wish): SimSubscription;
  /** Ends one of its subscriptions, if there is one. */
  unsubscribe(client: SimClient): void;
  /** Ends one of its subscriptions. */
  end(subscription: SimSubscription, headers?: Readonly<Record<string, string>>): void;
  receive(client: SimClient, frame: ReceivedFrame): void;
}

/** Subscribes, settles and transacts for a connection as its temperament has it. */
export function consume(world: SimWorld, temperament: Temperament): Consumption {
  const { runtime, chance, ledger } = world;
  const live: SimSubscription[] = [];
  const frames = new Map<Delivery, ReceivedFrame>();
  const listeners = new Map<SimSubscription, Wish["onMessage"]>();
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
    const begun: SimTransaction = { id, state: "open", endedAt: undefined, sends: [], settles: [] };
    open = begun;
    client.send("BEGIN", { transaction: id });
    runtime.after(chance.integer(0, 1_000), () => close(client, begun));
    return begun;
  };
  const close = (client: SimClient, transaction: SimTransaction): void => {
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
    transaction.endedAt = runtime.elapsedMs;
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
  /** Before 1.2 copies of one message have one name on a subscription: it is the oldest's. */
  const named = (client: SimClient, delivery: Delivery): Delivery => {
    if (client.version === "1.2") return delivery;
    const { subscription, sent } = delivery;
    if (!subscription.held.includes(delivery)) return delivery;
    return subscription.held.find((other) => other.sent === sent) ?? delivery;
  };
  const settle = (client: SimClient, planned: Delivery): void => {
    if (client.over || !client.connected) return;
    const delivery = named(client, planned);
    const { subscription } = delivery;
    const at = subscription.held.indexOf(delivery);
    if (at < 0) {
      // Too late, and to be ignored: only 1.2 names a delivery that cannot be mistaken for another.
      const isLate = client.version === "1.2" && delivery.transaction === undefined;
      if (isLate && chance.odds(0.3)) client.send("ACK", settleHeaders(client, delivery));
      return;
    }
    const refuses = chance.odds(temperament.nacks);
    const transaction = transactionOf(client);
    const all = subscription.ack === "client" ? subscription.held.slice(0, at + 1) : [delivery];
    const headers = settleHeaders(client, delivery);
    if (transaction !== undefined) headers["transaction"] = transaction.id;
    if (refuses) ledger.settling(all, drawRefusal(world, headers), transaction);
    else ledger.settling(all, "accepted", transaction);
    client.send(refuses ? "NACK" : "ACK", headers, {
      receipt: chance.odds(0.4),
      ...(transaction === undefined ? { onAccepted: () => ledger.settled(all) } : {}),
    });
  };
  const plan = (client: SimClient, delivery: Delivery): void => {
    runtime.after(chance.integer(0, temperament.lazyMs), () => settle(client, delivery));
  };
  const note = (
    client: SimClient,
    wish: Wish & Pick<SimSubscription, "ack" | "prefetch" | "prefetchBytes">,
  ): SimSubscription => {
    const { paths, ack, prefetch, prefetchBytes, selector, noLocal, browses, durable } = wish;
    const subscription: SimSubscription = {
      id: wish.id ?? `${client.name}-s${++subscriptions}`,
      client,
      paths,
      ack,
      prefetch,
      prefetchBytes,
      selector,
      noLocal: noLocal ?? false,
      browses: browses ?? false,
      durable,
      askedAt: runtime.elapsedMs,
      liveAt: undefined,
      endedAt: undefined,
      unsettled: 0,
      unsettledBytes: 0,
      held: [],
    };
    live.push(subscription);
    listeners.set(subscription, wish.onMessage);
    ledger.subscribing(subscription);
    return subscription;
  };
  const end = (
    subscription: SimSubscription,
    headers: Readonly<Record<string, string>> = {},
  ): void => {
    const at = live.indexOf(subscription);
    if (at >= 0) live.splice(at, 1);
    subscription.endedAt = runtime.elapsedMs;
    subscription.held.length = 0;
    const { id, client } = subscription;
    client.send("UNSUBSCRIBE", { id, ...headers }, { receipt: chance.odds(0.5) });
  };

  return {
    expect: (client, wish) => {
      const limits = { ack: "auto", prefetch: Infinity, prefetchBytes: Infinity } as const;
      return note(client, { ...wish, ...limits });
    },
    subscribe: (client, wish) => {
      const ack = wish.ack ?? chance.pick(["auto", "client", "client-individual"]);
      const headers: Record<string, string> = { destination: wish.paths.join(","), ack };
      const limits = ack === "auto" ? NO_LIMITS : drawLimits(world, headers);
      const subscription = note(client, { ...wish, ack, ...limits });
      const { id, selector, noLocal, browses, durable } = subscription;
      headers["id"] = id;
      if (selector !== undefined) headers["selector"] = selector.text;
      if (noLocal) headers[chance.pick(["no-local", "activemq.noLocal"])] = "true";
      if (browses) headers["browser"] = "true";
      if (durable !== undefined) {
        headers[chance.pick(["activemq.subscriptionName", "durable-subscriber-name"])] =
          durable.key;
      }
      client.send("SUBSCRIBE", headers, {
        receipt: chance.odds(0.7),
        onAccepted: () => {
          subscription.liveAt = runtime.elapsedMs;
          if (durable !== undefined) durable.liveAt ??= runtime.elapsedMs;
        },
      });
      return subscription;
    },
    unsubscribe: (_client) => {
      const subscription = live[chance.integer(0, live.length - 1)];
      if (subscription !== undefined) end(subscription);
    },
    end,
    receive: (client, frame) => {
      const delivery = ledger.received(client, frame);
      if (delivery === undefined) return;
      const { subscription } = delivery;
      listeners.get(subscription)?.(delivery, frame);
      if (subscription.ack === "auto" || subscription.browses) return;
      frames.set(delivery, frame);
      plan(client, delivery);
    },
  };
}

/** A selector, where the run has them; those that look at deliveries are for queues. */
export function drawSelector(
  { chance, plan }: SimWorld,
  options: { readonly ofDeliveries: boolean },
): SimSelector | undefined {
  if (!plan.selectors || !chance.odds(0.4)) return undefined;
  const picksDeliveries = options.ofDeliveries && chance.odds(0.2);
  return chance.pick(picksDeliveries ? DELIVERY_SELECTORS : SELECTORS);
}

type Limits = Pick<SimSubscription, "prefetch" | "prefetchBytes">;
const NO_LIMITS: Limits = { prefetch: Infinity, prefetchBytes: Infinity };

function drawLimits({ chance }: SimWorld, headers: Record<string, string>): Limits {
  const prefetch = chance.pick([1, 2, 5, 50]);
  const prefetchBytes = chance.pick([1, 60, 300]);
  switch (chance.integer(0, 5)) {
    case 0:
      headers["consumer-window-size"] = String(prefetchBytes);
      return { prefetch: Infinity, prefetchBytes };
    case 1:
      headers["consumer-window-size"] = "0";
      return { prefetch: 1, prefetchBytes: Infinity };
    case 2:
      headers["credit"] = `${prefetch},${prefetchBytes}`;
      return { prefetch, prefetchBytes };
    case 3:
      headers["activemq.prefetchSize"] = String(prefetch);
      return { prefetch, prefetchBytes: Infinity };
    default:
      headers["prefetch-count"] = String(prefetch);
      return { prefetch, prefetchBytes: Infinity };
  }
}

function drawRefusal(
  { chance, plan }: SimWorld,
  headers: Record<string, string>,
): { readonly requeue: boolean; readonly delayMs: number | undefined } {
  const requeue = !(plan.oddRefusals && chance.odds(0.15));
  const delayMs =
    plan.oddRefusals && chance.odds(0.3) ? chance.pick([0, 10, 300, 1_500]) : undefined;
  if (!requeue) headers["requeue"] = "false";
  if (delayMs !== undefined) headers["delay"] = String(delayMs);
  return { requeue, delayMs };
}
