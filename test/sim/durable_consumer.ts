import { consume, drawSelector, drawTemperament } from "./consumption.ts";
import type { SimDurable, SimSubscription } from "./records.ts";
import { openSimClient, type SimClient } from "./sim_client.ts";
import { drawStyle, type SimWorld } from "./sim_world.ts";

/**
 * Starts someone with a durable subscription, who goes, comes back, takes it
 * over from an earlier connection, and now and then deletes it.
 */
export function startDurableConsumer(world: SimWorld, name: string): void {
  const { runtime, chance, plan } = world;
  const temperament = drawTemperament(world);
  // Its dead letters have the pattern's name, and to join that takes memory, where there is none.
  const mayJoin = !plan.consumersMayMeet.has("memory-full");
  const path = mayJoin ? chance.pick([...plan.topics, "/topic/t.*"]) : chance.pick(plan.topics);
  const selector = drawSelector(world, { ofDeliveries: false });
  let lives = 0;

  /** Nobody can be sure that a deletion arrives: a successor may be what was there before. */
  const renew = (): SimDurable => {
    const durable: SimDurable = {
      key: name,
      path,
      selector,
      queue: undefined,
      liveAt: undefined,
      deletedAt: undefined,
      deletedQueue: undefined,
    };
    world.durables.set(name, durable);
    return durable;
  };
  const live = (): void => {
    if (world.finishing) return;
    const life = ++lives;
    const consumption = consume(world, temperament);
    let subscription: SimSubscription | undefined;

    const forget = (client: SimClient): void => {
      if (subscription === undefined) return;
      const { durable } = subscription;
      if (durable !== undefined) {
        durable.deletedAt = runtime.elapsedMs;
        durable.deletedQueue = durable.queue;
      }
      renew();
      consumption.end(subscription, { "activemq.subscriptionName": name });
      client.disconnect();
    };
    const step = (client: SimClient): void => {
      if (client.over || !client.connected || world.finishing) return;
      if (chance.odds(0.05 * plan.trouble)) return client.crash();
      if (chance.odds(0.05)) return client.disconnect();
      if (chance.odds(0.01)) return forget(client);
      if (chance.odds(0.05 * plan.trouble)) client.stall(chance.integer(0, 4_000));
      // While this one is still there.
      if (life === lives && chance.odds(0.03)) live();
      runtime.after(chance.integer(20, 300), () => step(client));
    };
    const client = openSimClient(world, {
      name: `${name}.${life}`,
      clientId: name,
      ...drawStyle(world),
      mayMeet: new Set([...plan.consumersMayMeet, "taken-over"]),
      onConnected: (connected) => {
        const durable = world.durables.get(name) ?? renew();
        subscription = consumption.subscribe(connected, { paths: [path], selector, durable });
        step(connected);
      },
      onMessage: consumption.receive,
      onOver: () => {
        if (life === lives) runtime.after(chance.integer(10, 1_500), live);
      },
    });
    world.clients.push(client);
  };
  live();
}
