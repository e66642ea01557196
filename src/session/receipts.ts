/** A receipt that is owed. */
interface Slot {
  readonly id: string | undefined;
  settled: boolean;
}

/**
 * Receipts in the order of the frames that asked for them. The only place
 * where a receipt is made, and only from an operation that was accepted.
 */
export class Receipts {
  readonly #send: (id: string) => void;
  #slots: Slot[] = [];
  #idle: (() => void) | undefined;

  /** `send` writes a RECEIPT frame. */
  constructor(send: (id: string) => void) {
    this.#send = send;
  }

  /** Frames whose operations are not accepted yet. */
  get pending(): number {
    return this.#slots.length;
  }

  /**
   * Opens a slot for a frame, with its `receipt` header or undefined if it
   * asked for none. The returned function settles it.
   */
  open(id: string | undefined): () => void {
    const slot: Slot = { id, settled: false };
    this.#slots.push(slot);
    return () => {
      slot.settled = true;
      this.#advance();
    };
  }

  /** Calls `then` once nothing is pending, possibly at once. */
  whenIdle(then: () => void): void {
    if (this.#slots.length === 0) then();
    else this.#idle = then;
  }

  /** Takes back the slot opened last: its frame failed. */
  withdraw(): void {
    this.#slots.pop();
    this.#advance();
  }

  #advance(): void {
    let first = this.#slots[0];
    while (first?.settled === true) {
      this.#slots.shift();
      if (first.id !== undefined) this.#send(first.id);
      first = this.#slots[0];
    }
    const idle = this.#idle;
    if (this.#slots.length > 0 || idle === undefined) return;
    this.#idle = undefined;
    idle();
  }
}
