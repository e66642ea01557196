import type { MessageInfo, QueueInfo } from "../api/values.ts";
import { isSystemPath, parseDestination, splitComposite } from "../broker/destination.ts";
import { headerList, headerValue, Message } from "../broker/message.ts";
import type { Queue, QueueEntry } from "../broker/queue.ts";
import { DEAD_LETTER_PREFIX, nameOf } from "../engine/queues.ts";
import { createSource, type Operation } from "../engine/operation.ts";
import { Fault, quote } from "../fault.ts";
import type { ConnectionContext } from "../session/connection_context.ts";
import { canonicalDestination } from "../session/dialect.ts";
import type { Admin } from "../web/admin.ts";
import { nextTurn } from "./next_turn.ts";
import { cutWindow } from "./window.ts";

type QueueCalls = Pick<
  Admin,
  | "queues"
  | "queue"
  | "deleteQueue"
  | "browseQueue"
  | "queueMessage"
  | "purgeQueue"
  | "moveMessages"
  | "retryMessages"
>;

/** Messages dealt with in one turn: others get theirs in between. */
const BATCH = 500;
/** Bodies of one answer together. */
export const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

/** The calls of the API that are about queues. */
export function createQueueCalls(context: ConnectionContext): QueueCalls {
  const { engine, runtime } = context;
  const find = (name: string): Queue => queueNamed(engine.queues, name);
  const move = createMover(context);
  return {
    queues: async ({ kind, ...window }) => {
      const { total, items } = await cutWindow(engine.queues.values(), window, {
        keeps: (queue) => kind === undefined || kindOf(queue) === kind,
        texts: (queue) => [queue.path],
        key: sortKey,
        turn: () => nextTurn(runtime),
      });
      return { total, items: items.map(queueInfo) };
    },
    queue: ({ name }) => queueInfo(find(name)),
    deleteQueue: ({ name }) => {
      const queue = find(name);
      if (queue.consumers > 0) {
        throw new Fault(
          "in-use",
          `Cannot delete queue ${quote(name)}: ${queue.consumers} consumers have it, disconnect them first`,
        );
      }
      const messages = queue.size;
      engine.deleteQueue(queue);
      return { messages };
    },
    browseQueue: ({ name, after, limit, bodyBytes }) =>
      browse(find(name), { after, limit, bodyBytes }),
    queueMessage: ({ name, ...about }) => messageAt(find(name), about),
    purgeQueue: ({ name, keys }) => purge(context, find(name), keys),
    moveMessages: async ({ name, to, keys }) => {
      const queue = find(name);
      const path = targetPath(to, context.limits);
      if (path === queue.path) {
        throw new Fault("bad-destination", `Cannot move to ${quote(to)}: it is there already`);
      }
      return { messages: await move(queue, keys, () => path) };
    },
    retryMessages: async ({ name, keys }) => {
      const queue = find(name);
      if (kindOf(queue) !== "dead-letters") {
        const detail = `Cannot retry the messages of ${quote(name)}: expected a queue of dead letters, ${DEAD_LETTER_PREFIX}NAME`;
        throw new Fault("bad-destination", detail);
      }
      return { messages: await move(queue, keys, originOf) };
    },
  };
}

/** The one queue or topic that messages are to move to. @throws Fault `bad-destination` */
function targetPath(to: string, { unprefixed }: ConnectionContext["limits"]): string {
  const refuse = (expected: string): never => {
    throw new Fault("bad-destination", `Cannot move to ${quote(to)}: expected ${expected}`);
  };
  if (splitComposite(to).length > 1) refuse("one destination, not a list");
  const { kind, path } = parseDestination(canonicalDestination(to, unprefixed), "send");
  if ((kind !== "queue" && kind !== "topic") || isSystemPath(path)) refuse("a queue or topic");
  return path;
}

/**
 * The queue of a name, or of a temporary one's token.
 *
 * @throws Fault `not-found`
 */
export function queueNamed(queues: ReadonlyMap<string, Queue>, name: string): Queue {
  const queue = findQueue(queues, name);
  if (queue !== undefined) return queue;
  throw new Fault("not-found", `Cannot find queue ${quote(name)}: there is none of that name`);
}

function findQueue(queues: ReadonlyMap<string, Queue>, name: string): Queue | undefined {
  return queues.get(`/queue/${name}`) ?? queues.get(`/temp-queue/${name}`);
}

function kindOf({ path }: Queue): QueueInfo["kind"] {
  if (path.startsWith(DEAD_LETTER_PREFIX)) return "dead-letters";
  return path.startsWith("/queue/") ? "queue" : "temporary";
}

function queueInfo(queue: Queue): QueueInfo {
  const { path, ready, held, delayed, bytes, consumers, limits, oldest } = queue;
  return {
    name: nameOf(path),
    path,
    kind: kindOf(queue),
    ready,
    held,
    delayed,
    bytes,
    consumers,
    ...(oldest === undefined ? {} : { oldestAt: oldest.message.arrivedAt }),
    enqueued: queue.lastPlace,
    dequeued: queue.lastPlace - queue.size,
    messagesMax: limits.messagesMax,
    bytesMax: limits.bytesMax,
  };
}

function sortKey(queue: Queue, sort: string): string | number | undefined {
  switch (sort) {
    case "ready":
      return queue.ready;
    case "held":
      return queue.held;
    case "bytes":
      return queue.bytes;
    case "consumers":
      return queue.consumers;
    case "oldestAt":
      return queue.oldest?.message.arrivedAt;
    case "enqueued":
      return queue.lastPlace;
    default:
      return queue.path;
  }
}

/** Some of the messages that wait, in the order of delivery, without consuming them. */
export function browse(
  queue: Queue,
  about: { readonly after: string | undefined; readonly limit: number; readonly bodyBytes: number },
): { messages: MessageInfo[]; more: boolean } {
  const { after, limit, bodyBytes } = about;
  const entries = queue.browse(after === undefined ? undefined : positionOf(after), limit + 1);
  const messages: MessageInfo[] = [];
  let bytes = 0;
  for (const entry of entries.slice(0, limit)) {
    bytes += entry.message.size;
    if (messages.length > 0 && bytes > ANSWER_BYTES_MAX) return { messages, more: true };
    messages.push(messageInfo(entry, bodyBytes));
  }
  return { messages, more: entries.length > limit };
}

/**
 * Removes messages that wait: those of the keys, or all there were when it
 * began. What came meanwhile stays.
 */
export async function purge(
  { engine, runtime }: Pick<ConnectionContext, "engine" | "runtime">,
  queue: Queue,
  keys: readonly string[] | undefined,
): Promise<{ messages: number }> {
  const source = createSource();
  let messages = 0;
  for await (const entries of batchesOf(queue, keys, runtime)) {
    const make = (): Operation[] => {
      // What expired meanwhile is gone, and what was delivered is somebody's.
      const waiting = entries.filter(({ isReady }) => isReady);
      messages += waiting.length;
      return waiting.map((entry) => ({ kind: "settle", entry, verdict: "accepted" }));
    };
    engine.applyDue(source, make, () => {});
  }
  return { messages };
}

/**
 * Makes what moves messages: each batch leaves the one place and arrives at the
 * other together, or not at all.
 */
function createMover({ engine, runtime, limits }: ConnectionContext) {
  return async (
    queue: Queue,
    keys: readonly string[] | undefined,
    targetOf: (message: Message) => string | undefined,
  ): Promise<number> => {
    const source = createSource();
    let moved = 0;
    for await (const entries of batchesOf(queue, keys, runtime)) {
      const waiting: QueueEntry[] = [];
      const make = (): Operation[] =>
        entries.flatMap((entry): Operation[] => {
          const target = targetOf(entry.message);
          // What expired meanwhile is gone, and what was delivered is somebody's.
          if (target === undefined || !entry.isReady) return [];
          waiting.push(entry);
          const written = canonicalDestination(target, limits.unprefixed);
          const destination = parseDestination(written, "send");
          const message = readdressed(entry.message, destination.path);
          return [
            { kind: "settle", entry, verdict: "accepted" },
            { kind: "publish", message, destination, retain: undefined },
          ];
        });
      const accepted = Promise.withResolvers<void>();
      engine.applyDue(source, make, (fault) => {
        if (fault === undefined) accepted.resolve();
        else accepted.reject(moved === 0 ? fault : halfDone(fault, moved));
      });
      await accepted.promise;
      moved += waiting.length;
    }
    return moved;
  };
}

function halfDone(fault: Fault, moved: number): Fault {
  const { code, detail } = fault;
  return new Fault(code, `${detail}; ${moved} messages had moved before, the others stay`);
}

/** Messages that wait, as they are when their batch's turn comes; each batch in a turn of its own. */
async function* batchesOf(
  queue: Queue,
  keys: readonly string[] | undefined,
  runtime: ConnectionContext["runtime"],
): AsyncGenerator<readonly QueueEntry[]> {
  if (keys !== undefined) {
    for (let at = 0; at < keys.length; at += BATCH) {
      if (at > 0) await nextTurn(runtime);
      yield keys.slice(at, at + BATCH).flatMap((key) => lookUp(queue, key) ?? []);
    }
    return;
  }
  const lastPlace = queue.lastPlace;
  let after: ReturnType<typeof positionOf> | undefined;
  for (;;) {
    const entries = queue.cleared ? [] : queue.browse(after, BATCH);
    const last = entries.at(-1);
    if (last === undefined) return;
    after = { priority: last.message.priority, place: last.place };
    yield entries.filter(({ place }) => place <= lastPlace);
    await nextTurn(runtime);
  }
}

/** Where a dead letter came from. */
function originOf(message: Message): string | undefined {
  return headerValue(message, "original-destination");
}

/** What only dead letters have, and what says where a message is. */
const OF_THE_OLD_PLACE: ReadonlySet<string> = new Set([
  "destination",
  "dead-letter-reason",
  "original-destination",
  "delivery-count",
]);

/** The message as it is sent to another destination; its id stays, so that it can be followed. */
function readdressed(message: Message, path: string): Message {
  const headers = ["destination", path];
  const before = message.headers.list();
  for (let i = 0; i < before.length; i += 2) {
    const name = before[i] ?? "";
    if (!OF_THE_OLD_PLACE.has(name)) headers.push(name, before[i + 1] ?? "");
  }
  return message.with({ headers: headerList(headers) });
}

/**
 * One message that waits, with as much of its body as was asked for.
 *
 * @throws Fault `not-found`
 */
export function messageAt(
  queue: Queue,
  { key, bodyBytes = Infinity }: { readonly key: string; readonly bodyBytes?: number | undefined },
): MessageInfo {
  return messageInfo(entryAt(queue, key), bodyBytes);
}

const KEY = /^([0-9])-([1-9][0-9]{0,14})$/;

/** A message's key is its priority and its place: what it is found by without a search. */
export function keyOf({ message, place }: QueueEntry): string {
  return `${message.priority}-${place}`;
}

/** @throws Fault `bad-request` */
function positionOf(key: string): { readonly priority: number; readonly place: number } {
  const [, priority, place] = KEY.exec(key) ?? [];
  if (priority === undefined || place === undefined) {
    throw new Fault("bad-request", `Cannot read the key ${quote(key)}: expected one of a message`);
  }
  return { priority: Number(priority), place: Number(place) };
}

function lookUp(queue: Queue, key: string): QueueEntry | undefined {
  const { priority, place } = positionOf(key);
  const [entry] = queue.cleared ? [] : queue.browse({ priority, place: place - 1 }, 1);
  return entry?.place === place && entry.message.priority === priority ? entry : undefined;
}

/** @throws Fault `not-found` */
function entryAt(queue: Queue, key: string): QueueEntry {
  const entry = lookUp(queue, key);
  if (entry !== undefined) return entry;
  throw new Fault(
    "not-found",
    `Cannot find message ${quote(key)}: it does not wait there, a consumer may have it by now`,
  );
}

/** A message in a queue, with so much of its body. */
export function messageInfo(entry: QueueEntry, bodyMax: number): MessageInfo {
  const { message, deliveries, refusals } = entry;
  const { id, body, priority, persistent, expiresAt, arrivedAt } = message;
  const list = message.headers.list();
  const headers: [string, string][] = [];
  for (let i = 0; i < list.length; i += 2) headers.push([list[i] ?? "", list[i + 1] ?? ""]);
  const truncated = body.length > bodyMax;
  const shown: Pick<MessageInfo, "body" | "bodyBase64"> =
    typeof body === "string"
      ? { body: truncated ? body.slice(0, bodyMax).replace(/[\uD800-\uDBFF]$/, "") : body }
      : { bodyBase64: Buffer.from(body.subarray(0, bodyMax)).toString("base64") };
  const bodyBytes = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  return {
    ...{ key: keyOf(entry), id, headers, ...shown, bodyBytes, truncated },
    ...{ priority, persistent, expiresAt, arrivedAt, deliveries, refusals },
  };
}
