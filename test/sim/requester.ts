import { type Author, createAuthor } from "./author.ts";
import { type Consumption, consume, drawTemperament, WILLING } from "./consumption.ts";
import type { SimTemporary } from "./records.ts";
import { openSimClient, type SimClient } from "./sim_client.ts";
import { drawStyle, type SimWorld } from "./sim_world.ts";

/** Where requests go. */
export const REQUESTS = "/queue/q.requests";

/** Starts someone who asks and waits for replies, in each of the two ways there are. */
export function startRequester(world: SimWorld, name: string): void {
  const { runtime, chance, plan } = world;
  let lives = 0;
  const live = (): void => {
    const life = ++lives;
    const consumption = consume(world, WILLING);
    const me = `${name}.${life}`;
    const ask = (client: SimClient, about: { author: Author; replyTo: SimTemporary }): void => {
      if (client.over || !client.connected || world.finishing) return;
      if (chance.odds(0.04 * plan.trouble)) return client.crash();
      if (chance.odds(0.03)) return client.disconnect();
      const { author, replyTo } = about;
      author.send({ paths: [REQUESTS], replyTo, headers: { "correlation-id": me } });
      runtime.after(chance.integer(20, 900), () => ask(client, about));
    };
    const client = openSimClient(world, {
      name: me,
      ...drawStyle(world),
      mayMeet: new Set([...plan.producersMayMeet, ...plan.consumersMayMeet]),
      onConnected: (connected) => {
        const replyTo = { owner: connected, ownPath: drawReplies(world, me) };
        prepare(consumption, { world, client: connected, replyTo });
        ask(connected, { author: createAuthor(world, connected), replyTo });
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

/** Starts one who answers requests, whether or not anybody still waits. */
export function startReplier(world: SimWorld, name: string): void {
  const { runtime, chance, plan } = world;
  let lives = 0;
  const live = (): void => {
    const life = ++lives;
    const consumption = consume(world, drawTemperament(world));
    const client = openSimClient(world, {
      name: `${name}.${life}`,
      ...drawStyle(world),
      mayMeet: new Set([...plan.producersMayMeet, ...plan.consumersMayMeet]),
      onConnected: (connected) => {
        const author = createAuthor(world, connected);
        consumption.subscribe(connected, {
          paths: [REQUESTS],
          onMessage: ({ sent: { replyTo } }, frame) => {
            const path = frame.get("reply-to");
            if (replyTo === undefined || path === undefined || !connected.connected) return;
            const headers = { "correlation-id": frame.get("correlation-id") ?? "" };
            author.send({ paths: [path], to: replyTo, headers });
          },
        });
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

function drawReplies({ chance }: SimWorld, name: string): string {
  return `/${chance.pick(["temp-queue", "temp-queue", "temp-topic"])}/replies-${name}`;
}

/** It subscribes to its temporary destination, or has `reply-to` do it. */
function prepare(
  consumption: Consumption,
  about: { world: SimWorld; client: SimClient; replyTo: SimTemporary },
): void {
  const { world, client, replyTo } = about;
  const { ownPath } = replyTo;
  const isImplicit = ownPath.startsWith("/temp-queue/") && world.chance.odds(0.5);
  if (isImplicit) consumption.expect(client, { id: ownPath, paths: [ownPath] });
  else consumption.subscribe(client, { paths: [ownPath] });
}
