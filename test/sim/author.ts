import type { Sent, SimTemporary, SimTransaction } from "./records.ts";
import type { SimClient } from "./sim_client.ts";
import type { SimWorld } from "./sim_world.ts";

/** What is to be sent. */
export interface Draft {
  /** More than one is a composite destination. */
  readonly paths: readonly string[];
  readonly transaction?: SimTransaction | undefined;
  readonly to?: SimTemporary | undefined;
  readonly replyTo?: SimTemporary | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Writes the messages of one connection and enters them into the books. */
export interface Author {
  send(draft: Draft): void;
  /** A transaction takes effect now, in the order of its author. */
  committing(transaction: SimTransaction): void;
}

/** An author for a connection. */
export function createAuthor(world: SimWorld, client: SimClient): Author {
  const { runtime, chance, ledger, plan } = world;
  let bodies = 0;
  let effects = 0;

  const drawExpiry = (headers: Record<string, string>): Pick<Sent, "ttlMs" | "expiresAt"> => {
    if (!plan.expiry || !chance.odds(0.3)) return { ttlMs: undefined, expiresAt: 0 };
    const ms = chance.pick([0, 1, 60, 400, 2_500]);
    const spelling = chance.pick(["ttl", "expiration", "expires"]);
    const expiresAt = spelling === "expires" && ms > 0 ? runtime.now() + ms : 0;
    headers[spelling] = String(expiresAt === 0 ? ms : expiresAt);
    return { ttlMs: spelling !== "expires" && ms > 0 ? ms : undefined, expiresAt };
  };
  const drawRetain = (paths: readonly string[]): "set" | "remove" | undefined => {
    const isForTopics = paths.some((path) => path.startsWith("/topic/"));
    if (!plan.retains || !isForTopics || !chance.odds(0.25)) return undefined;
    return chance.odds(0.75) ? "set" : "remove";
  };
  const send = ({ paths, transaction, to, replyTo, headers: more = {} }: Draft): void => {
    const uid = `${client.name}-${++bodies}`;
    const headers: Record<string, string> = { ...more, destination: paths.join(","), uid };
    const priority = plan.priorities && chance.odds(0.5) ? chance.integer(0, 9) : 4;
    const weight = plan.selectors && chance.odds(0.8) ? chance.integer(0, 5) : undefined;
    const colour = plan.selectors ? chance.pick(["red", "green", "blue", undefined]) : undefined;
    const expiry = drawExpiry(headers);
    const retain = drawRetain(paths);
    if (priority !== 4) headers["priority"] = String(priority);
    if (weight !== undefined) headers["weight"] = String(weight);
    if (colour !== undefined) headers["colour"] = colour;
    if (retain !== undefined) headers["retain"] = retain;
    if (replyTo !== undefined) headers["reply-to"] = replyTo.ownPath;
    // The version decides what may be escaped: in 1.0 nothing can.
    if (client.version !== "1.0" && chance.odds(0.2)) headers["odd:name"] = "a\\b: c\nd";
    if (transaction !== undefined) headers["transaction"] = transaction.id;
    const effect = transaction === undefined ? ++effects : 0;
    const body = drawBody(world, uid);
    const siblings: Sent[] = [];
    for (const path of paths) {
      siblings.push({
        key: paths.length === 1 ? uid : `${uid}@${path}`,
        uid,
        producer: client.name,
        path,
        siblings,
        priority,
        body,
        weight,
        colour,
        retain: path.startsWith("/topic/") ? retain : undefined,
        ...expiry,
        to,
        replyTo,
        transaction,
        effect,
        sentAt: runtime.elapsedMs,
        acceptedAt: undefined,
      });
    }
    ledger.sent(siblings);
    const accepted = (): void => {
      for (const each of siblings) each.acceptedAt = runtime.elapsedMs;
    };
    client.send("SEND", headers, {
      body,
      receipt: chance.odds(0.4),
      ...(transaction === undefined ? { onAccepted: accepted } : {}),
    });
  };
  return {
    send,
    committing: (transaction) => {
      transaction.state = "committing";
      transaction.endedAt = runtime.elapsedMs;
      for (const each of transaction.sends) each.effect = ++effects;
    },
  };
}

/** Destinations for a SEND: mostly one, where the run has composites now and then two. */
export function drawTargets(world: SimWorld): readonly string[] {
  const { chance, plan } = world;
  const one = chance.odds(0.6) ? chance.pick(plan.queues) : chance.pick(plan.topics);
  if (!plan.composites || !chance.odds(0.2)) return [one];
  const other = chance.odds(0.6) ? chance.pick(plan.queues) : chance.pick(plan.topics);
  return one === other ? [one] : [one, other];
}

function drawBody(world: SimWorld, uid: string): Uint8Array {
  const { chance, plan } = world;
  const most = chance.odds(plan.large) ? plan.bodyMax : 100;
  const filler = chance.pick(["x", "é", "\0", "\xff", "🙂", "\n"]);
  const padding = filler.repeat(chance.integer(0, most));
  const encoding = filler === "\xff" ? "latin1" : "utf8";
  return Buffer.concat([Buffer.from(`${uid} `), Buffer.from(padding, encoding)]);
}
