import { consume, drawSelector, drawTemperament, WILLING, type Wish } from "./consumption.ts";
import type { SimSubscription } from "./records.ts";
import { openSimClient, type SimClient } from "./sim_client.ts";
import { drawStyle, type SimWorld } from "./sim_world.ts";

/** Starts a consumer that comes back whenever it is lost, until the run is finishing. */
export function startConsumer(world: SimWorld, name: string): void {
  const { runtime, chance, plan } = world;
  const temperament = drawTemperament(world);
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
      if (chance.odds(0.08)) consumption.subscribe(client, drawWish(world));
      runtime.after(chance.integer(20, 300), () => step(client));
    };
    const client = openSimClient(world, {
      name: `${name}.${life}`,
      ...drawStyle(world),
      mayMeet: plan.consumersMayMeet,
      onConnected: (connected) => {
        for (let count = chance.integer(1, 3); count > 0; count--) {
          consumption.subscribe(connected, drawWish(world));
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

/** Starts someone who looks into queues without taking anything. */
export function startBrowser(world: SimWorld, name: string): void {
  const { runtime, chance, plan } = world;
  const consumption = consume(world, WILLING);
  const look = (client: SimClient): void => {
    if (client.over || !client.connected || world.finishing) return;
    const selector = drawSelector(world, { ofDeliveries: false });
    const paths = [chance.pick(plan.queues)];
    consumption.subscribe(client, { paths, selector, browses: true });
    if (chance.odds(0.1)) consumption.unsubscribe(client);
    runtime.after(chance.integer(50, 1_500), () => look(client));
  };
  const client = openSimClient(world, {
    name,
    ...drawStyle(world),
    mayMeet: plan.consumersMayMeet,
    onConnected: look,
    onMessage: consumption.receive,
    onOver: () => {},
  });
  world.clients.push(client);
}

/** Starts the consumer at the end, which takes everything that is left in queues. */
export function startDrain(world: SimWorld, paths: readonly string[]): SimClient {
  const consumption = consume(world, WILLING);
  const client = openSimClient(world, {
    name: "drain",
    ...lastStyle(world),
    onConnected: (connected) => {
      for (const path of paths) {
        consumption.subscribe(connected, { paths: [path], ack: "client-individual" });
      }
    },
    onMessage: consumption.receive,
    onOver: () => {},
  });
  world.clients.push(client);
  return client;
}

/** Starts one who takes what is left in the durable subscriptions; `remove` deletes them. */
export function startDurableDrain(world: SimWorld): {
  readonly clients: readonly SimClient[];
  remove(): void;
} {
  const ends: (() => void)[] = [];
  const clients = [...world.durables.values()].map((durable) => {
    const consumption = consume(world, WILLING);
    const client = openSimClient(world, {
      name: `drain-${durable.key}`,
      clientId: durable.key,
      ...lastStyle(world),
      onConnected: (connected) => {
        const { path, selector } = durable;
        const wish = { paths: [path], selector, durable, ack: "client-individual" } as const;
        const subscription: SimSubscription = consumption.subscribe(connected, wish);
        ends.push(() => {
          consumption.end(subscription, { "durable-subscription-name": durable.key });
        });
      },
      onMessage: consumption.receive,
      onOver: () => {},
    });
    world.clients.push(client);
    return client;
  });
  return {
    clients,
    remove: () => {
      for (const end of ends) end();
    },
  };
}

function lastStyle(world: SimWorld) {
  const { style } = drawStyle(world);
  return {
    version: "1.2",
    heartBeatMs: 0,
    style: { ...style, latencyMs: 1 },
    mayMeet: new Set<string>(),
  } as const;
}

function drawWish(world: SimWorld): Wish {
  const paths = drawPaths(world);
  const isOfQueues = paths.every((path) => path.startsWith("/queue/"));
  const selector = drawSelector(world, { ofDeliveries: isOfQueues });
  return { paths, selector };
}

/** A destination, a pattern, or both as a composite that nothing comes by twice. */
function drawPaths(world: SimWorld): readonly string[] {
  const { chance, plan } = world;
  if (chance.odds(0.15)) return [chance.pick(plan.patterns)];
  const queue = chance.pick(plan.queues);
  const topic = chance.pick(plan.topics);
  if (plan.composites && chance.odds(0.25)) {
    if (chance.odds(0.3)) return plan.queues;
    return chance.odds(0.5) ? [queue, topic] : [topic, "/queue/q.*"];
  }
  return [chance.odds(0.6) ? queue : topic];
}
