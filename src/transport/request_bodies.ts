import { Fault } from "../fault.ts";
import type { ConnectionContext } from "../session/connection_context.ts";
import type { Deadline } from "../session/deadlines.ts";

/** What reading bodies needs of the broker. */
export type RequestBodiesContext = Pick<
  ConnectionContext,
  "deadlines" | "limits" | "memory" | "runtime"
>;

/** Bodies that may be on their way at once. */
export const BODIES_MAX = 256;
/** A body must grow by so many bytes … */
export const PROGRESS_BYTES = 16 * 1024;
/** … in each such span of time, or be whole. */
export const PROGRESS_MS = 10_000;
/** While others want in, one that sends nothing for so long gives up its place. */
export const SILENT_MS = 1_000;
/** Up to this size a body does not ask whether others hold too much. */
const SMALL_BYTES = 64 * 1024;

/** A body on its way. */
interface Reading extends Deadline {
  /** Bytes here so far. */
  bytes: number;
  /** When the latest came, in ms since the epoch. */
  receivedAt: number;
  /** Why it was given up. */
  fault: Fault | undefined;
  /** Reads no more of it. */
  stop(): void;
}

/**
 * Reads the bodies of requests within bounds: each in size, in time and in
 * progress, all of them in number and, as halves of what is no message yet, in
 * their share of the memory for messages.
 */
export class RequestBodies {
  readonly #context: RequestBodiesContext;
  /** Those on their way, the longest silent first. */
  readonly #open = new Set<Reading>();

  constructor(context: RequestBodiesContext) {
    this.#context = context;
  }

  /** Bodies on their way. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Reads the body of a request to its end. Its bytes are out of the memory
   * budget when it resolves: whoever makes a message of them counts it.
   *
   * @throws Fault `frame-too-large`, `memory-full`, `too-many-connections`
   * when too many are on their way, `frame-timeout` when it does not come on;
   * or whatever the transport says when the client goes
   */
  async read(request: Request): Promise<Uint8Array> {
    const { limits, memory } = this.#context;
    const announced = Number(request.headers.get("content-length") ?? 0);
    if (announced > limits.frameBytesMax) throw tooLarge(limits.frameBytesMax);
    if (request.body === null) return new Uint8Array(0);
    if (memory.exceededBy(announced)) throw memoryFull();
    this.#makeRoom();
    const reader = request.body.getReader();
    const reading = this.#begin(() => void reader.cancel().catch(() => {}));
    let body = new Uint8Array(Math.min(announced, SMALL_BYTES));
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (reading.fault !== undefined) throw reading.fault;
        if (done) break;
        const length = reading.bytes;
        this.#count(reading, value.length);
        // A list of pieces would cost more than its bytes when they come one by one.
        if (reading.bytes > body.length) {
          const most = announced > 0 ? announced : limits.frameBytesMax;
          body = grown(body, Math.max(reading.bytes, Math.min(2 * body.length, most)));
        }
        body.set(value, length);
      }
      return reading.bytes === body.length ? body : body.slice(0, reading.bytes);
    } catch (error) {
      reading.stop();
      throw error;
    } finally {
      this.#end(reading);
    }
  }

  #makeRoom(): void {
    if (this.#open.size < BODIES_MAX) return;
    const text = `${BODIES_MAX} bodies of requests are on their way, the limit of this listener`;
    const [longestSilent] = this.#open;
    const isSilent =
      longestSilent !== undefined &&
      this.#context.runtime.now() - longestSilent.receivedAt >= SILENT_MS;
    if (!isSilent) throw new Fault("too-many-connections", `Cannot read: ${text}`);
    const detail = `Cannot wait longer for the rest of the body: ${text}`;
    cut(longestSilent, new Fault("frame-timeout", detail));
    this.#end(longestSilent);
  }

  #begin(stop: () => void): Reading {
    const { deadlines, runtime } = this.#context;
    const now = runtime.now();
    let expected = PROGRESS_BYTES;
    const reading: Reading = {
      bytes: 0,
      receivedAt: now,
      scheduledAt: Infinity,
      fault: undefined,
      stop,
      check: (at) => {
        if (reading.bytes < expected) {
          const detail = `Cannot wait longer: expected the rest of the body, or ${PROGRESS_BYTES} bytes in ${PROGRESS_MS} ms`;
          cut(reading, new Fault("frame-timeout", detail));
          return Infinity;
        }
        expected = reading.bytes + PROGRESS_BYTES;
        return at + PROGRESS_MS;
      },
    };
    this.#open.add(reading);
    deadlines.schedule(reading, now + PROGRESS_MS);
    return reading;
  }

  /** @throws Fault `frame-too-large`, `memory-full` */
  #count(reading: Reading, bytes: number): void {
    const { limits, memory, runtime } = this.#context;
    this.#open.delete(reading);
    this.#open.add(reading);
    reading.receivedAt = runtime.now();
    reading.bytes += bytes;
    memory.used += bytes;
    memory.half += bytes;
    if (reading.bytes > limits.frameBytesMax) throw tooLarge(limits.frameBytesMax);
    if (memory.exceededBy(0)) throw memoryFull();
    if (reading.bytes > SMALL_BYTES && memory.half > memory.max / 4) throw memoryFull();
  }

  #end(reading: Reading): void {
    if (!this.#open.delete(reading)) return;
    const { deadlines, memory } = this.#context;
    deadlines.cancel(reading);
    memory.used -= reading.bytes;
    memory.half -= reading.bytes;
  }
}

/** Whoever waits for the next piece of it is told. */
function cut(reading: Reading, fault: Fault): void {
  reading.fault = fault;
  reading.stop();
}

function grown(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size);
  larger.set(bytes);
  return larger;
}

function tooLarge(max: number): Fault {
  return new Fault("frame-too-large", `Cannot send: the body has more than ${max} bytes`);
}

function memoryFull(): Fault {
  return new Fault("memory-full", "Cannot read the body: no memory left for messages");
}
