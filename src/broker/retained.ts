import { isWildcard, segmentsOf } from "./destination.ts";
import { Heap } from "./heap.ts";
import type { Memory } from "./memory.ts";
import type { Message } from "./message.ts";
import { TopicTree } from "./topic_tree.ts";

/** So many that were replaced are not worth a clean-up. */
const STALE_MIN = 1024;
/** Nor are so many bytes. */
const STALE_BYTES = 16 * 1024 * 1024;

/** The last message of each topic that asked to be kept for later subscribers. */
export class Retained {
  readonly #messages = new Map<string, Message>();
  /** Bytes of messages that were added to those since the last clean-up. */
  #added = 0;
  readonly #current = new Set<Message>();
  /** Those that expire, the next on top; some of them perhaps replaced since. */
  readonly #expiring = new Heap<{ readonly name: string; readonly message: Message }>(
    (a, b) => a.message.expiresAt < b.message.expiresAt,
  );
  readonly #memory: Memory;
  /** Topics with a retained message, at most. Fewer than there are takes none away. */
  max: number;

  constructor(memory: Memory, max: number) {
    this.#memory = memory;
    this.max = max;
  }

  /** Topics that have one. */
  get size(): number {
    return this.#messages.size;
  }

  /** Whether these topics may have one each, all of them. */
  hasRoom(...names: readonly string[]): boolean {
    const added = names.filter((name) => !this.#messages.has(name));
    return added.length === 0 || this.#messages.size + added.length <= this.max;
  }

  /** Keeps a message in the place of the one before. */
  keep(name: string, message: Message): void {
    this.remove(name);
    this.#messages.set(name, message);
    this.#current.add(message);
    this.#memory.used += message.size;
    if (message.expiresAt === 0) return;
    this.#expiring.push({ name, message });
    this.#added += message.size;
    const many = this.#expiring.size >= STALE_MIN + 2 * this.#messages.size;
    if (!many && this.#added < STALE_BYTES) return;
    this.#expiring.filter((each) => this.#messages.get(each.name) === each.message);
    this.#added = 0;
  }

  /** Whether a message is still the one that its topic retains. */
  holds(message: Message): boolean {
    return this.#current.has(message);
  }

  /** Forgets the messages whose time has come. */
  expire(now: number): void {
    for (;;) {
      const { top } = this.#expiring;
      if (top === undefined || top.message.expiresAt > now) return;
      this.#expiring.pop();
      if (this.#messages.get(top.name) === top.message) this.remove(top.name);
    }
  }

  /** Forgets the message of a topic. */
  remove(name: string): void {
    const message = this.#messages.get(name);
    if (message === undefined) return;
    this.#messages.delete(name);
    this.#current.delete(message);
    this.#memory.used -= message.size;
  }

  /** The messages of all topics that a name or pattern covers, without those that have expired. */
  find(pattern: string, now: number): readonly Message[] {
    const exact = this.#messages.get(pattern);
    const found: Message[] = exact === undefined ? [] : [exact];
    if (segmentsOf(pattern).some(isWildcard) && this.#messages.size > 0) {
      const tree = new TopicTree<true>();
      tree.add(pattern, true);
      for (const [name, message] of this.#messages) {
        if (tree.match(name).length > 0) found.push(message);
      }
    }
    return found.filter(({ expiresAt }) => expiresAt === 0 || expiresAt > now);
  }

  /** Forgets everything. */
  clear(): void {
    for (const name of [...this.#messages.keys()]) this.remove(name);
  }
}
