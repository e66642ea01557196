import { createAuthor, type Author } from "./author.ts";
import { consume, drawSelector, WILLING } from "./consumption.ts";
import { openSimClient, type SimClient } from "./sim_client.ts";
import { drawStyle, type SimWorld } from "./sim_world.ts";

/** Starts someone who talks in a topic and hears the others, not itself. */
export function startChatter(world: SimWorld, name: string): void {
  const { runtime, chance, plan } = world;
  const topic = chance.pick(plan.topics);
  const consumption = consume(world, WILLING);
  const talk = (client: SimClient, author: Author): void => {
    if (client.over || !client.connected || world.finishing) return;
    if (chance.odds(0.03 * plan.trouble)) return client.crash();
    author.send({ paths: [topic] });
    runtime.after(chance.integer(20, 600), () => talk(client, author));
  };
  const client = openSimClient(world, {
    name,
    ...drawStyle(world),
    mayMeet: new Set([...plan.consumersMayMeet, ...plan.producersMayMeet]),
    onConnected: (connected) => {
      const selector = drawSelector(world, { ofDeliveries: false });
      consumption.subscribe(connected, { paths: [topic], selector, noLocal: true });
      talk(connected, createAuthor(world, connected));
    },
    onMessage: consumption.receive,
    onOver: () => {},
  });
  world.clients.push(client);
}
