import type { Destination } from "../broker/destination.ts";
import type { Memory } from "../broker/memory.ts";
import type { QueuePolicy } from "../broker/policy.ts";
import { Fault, quote } from "../fault.ts";
import { entersQueue, type Operation, type Publication } from "./operation.ts";
import type { Queues } from "./queues.ts";
import type { Topics } from "./topics.ts";

/** What room there is left is a matter of. */
export interface RoomOptions {
  readonly queues: Queues;
  readonly topics: Topics;
  readonly memory: Memory;
  /** Destinations in all, at most. */
  readonly destinationsMax: number;
  /** Destinations there are. */
  readonly count: () => number;
}

/** Whether there is room: asked before anything is changed, so that nothing is done by halves. */
export class Room {
  readonly #queues: Queues;
  readonly #topics: Topics;
  readonly #memory: Memory;
  /** Destinations in all, at most. Less than there are takes none away. */
  destinationsMax: number;
  readonly #count: () => number;

  constructor(options: RoomOptions) {
    this.#queues = options.queues;
    this.#topics = options.topics;
    this.#memory = options.memory;
    this.destinationsMax = options.destinationsMax;
    this.#count = options.count;
  }

  /** @throws Fault `too-many-destinations` if one more is too many */
  checkDestinations(path: string): void {
    if (this.#count() >= this.destinationsMax) {
      throw tooManyDestinations(this.destinationsMax, path);
    }
  }

  /** Why an operation cannot be carried out, or undefined. */
  refusalOfOne(operation: Operation): Fault | undefined {
    if (operation.kind === "settle") return undefined;
    const { destination, message, retain } = operation;
    if (entersQueue(operation)) {
      return this.#queueRefusal(destination, { messages: 1, bytes: message.size });
    }
    return retain === "keep" ? this.#retainRefusal([operation]) : undefined;
  }

  /** Why a list cannot be carried out, or undefined. */
  refusal(operations: readonly Operation[]): Fault | undefined {
    const [first] = operations;
    if (first !== undefined && operations.length === 1) return this.refusalOfOne(first);
    const loads = new Map<string, { destination: Destination; messages: number; bytes: number }>();
    const kept = new Map<string, Publication>();
    for (const operation of operations) {
      if (operation.kind !== "publish") continue;
      if (!entersQueue(operation)) {
        if (operation.retain === "keep") kept.set(operation.destination.path, operation);
        continue;
      }
      const { destination, message } = operation;
      const load = loads.get(destination.path) ?? { destination, messages: 0, bytes: 0 };
      load.messages++;
      load.bytes += message.size;
      loads.set(destination.path, load);
    }
    const retain = kept.size === 0 ? undefined : this.#retainRefusal([...kept.values()]);
    if (retain !== undefined) return retain;
    let created = 0;
    let bytes = [...kept.values()].reduce((sum, { message }) => sum + message.size, 0);
    for (const load of loads.values()) {
      const fault = this.#queueRefusal(load.destination, load);
      if (fault !== undefined) return fault;
      if (!this.#queues.all.has(load.destination.path)) created++;
      bytes += load.bytes;
    }
    if (created > 1 && this.#count() + created > this.destinationsMax) {
      return tooManyDestinations(this.destinationsMax, "the queues of a transaction");
    }
    // What adds nothing is never refused: it may be what makes room.
    if (bytes === 0 || !this.#memory.exceededBy(bytes)) return undefined;
    return memoryFull(this.#memory);
  }

  /** Why these cannot all be retained, each of another topic. */
  #retainRefusal(kept: readonly Publication[]): Fault | undefined {
    if (!this.#topics.hasRoomToRetain(kept.map(({ destination }) => destination.name))) {
      return tooManyDestinations(this.destinationsMax, kept.at(-1)?.destination.path ?? "");
    }
    const bytes = kept.reduce((sum, { message }) => sum + message.size, 0);
    return this.#memory.exceededBy(bytes) ? memoryFull(this.#memory) : undefined;
  }

  #queueRefusal(
    destination: Destination,
    load: { messages: number; bytes: number },
  ): Fault | undefined {
    const { path } = destination;
    const queue = this.#queues.all.get(path);
    const memory = this.#memory;
    const destinationsMax = this.destinationsMax;
    if (queue === undefined) {
      if (this.#count() >= destinationsMax) return tooManyDestinations(destinationsMax, path);
      const policy = this.#queues.policyOf(path);
      if (load.messages > policy.messagesMax || load.bytes > policy.bytesMax) {
        return queueFull(path, policy);
      }
    } else if (!queue.hasRoom(load.messages, load.bytes)) {
      return queueFull(path, queue.limits);
    }
    return memory.exceededBy(load.bytes) ? memoryFull(memory) : undefined;
  }
}

function tooManyDestinations(max: number, path: string): Fault {
  return new Fault(
    "too-many-destinations",
    `Cannot create ${quote(path)}: there are ${max} destinations already, the limit of this broker`,
  );
}

function queueFull(path: string, limits: Pick<QueuePolicy, "messagesMax" | "bytesMax">): Fault {
  return new Fault(
    "queue-full",
    `Cannot send to ${quote(path)}: it is full, at most ${limits.messagesMax} messages ` +
      `or ${limits.bytesMax} bytes may wait in a queue`,
  );
}

function memoryFull(memory: Memory): Fault {
  return new Fault(
    "memory-full",
    `Cannot send: messages fill the ${memory.max} bytes of memory they may take in all`,
  );
}
