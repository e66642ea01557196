/** A receipt that is owed. */
interface Slot {
  readonly id: string | undefined;
  settled: boolean;
}

/** What writes RECEIPT frames. */
export interface ReceiptSender {
  sendReceipt(id: string): void;
}

/**
 * Receipts in the order of the frames that asked for them. The only place
 * where a receipt is made, and only from an operation that was accepted.
 */
export class Receipts {
  readonly #sender: ReceiptSender;
  /** None while nothing is pending. */
  #slots: Slot[] | undefined;
  #idle: (() => void) | undefined;

  constructor(sender: ReceiptSender) {
    this.#sender = sender;
  }

  /** Frames whose operations are not accepted yet. */
  get pending(): number {
    return this.#slots?.length ?? 0;
  }

  /**
   * Opens a slot for a frame, with its `receipt` header or undefined if it
   * asked for none. The returned function settles it.
   */
  open(id: string | undefined): () => void {
    const slot: Slot = { id, settled: false };
    this.#slots ??= [];
    this.#slots.push(slot);
    return () => {
      slot.settled = true;
      this.#advance();
    };
  }

  /** Calls `then` once nothing is pending, possibly at once. */
  whenIdle(then: () => void): void {
    if (this.#slots === undefined) then();
    else this.#idle = then;
  }

  /** Takes back the slot opened last: its frame failed. */
  withdraw(): void {
    this.#slots?.pop();
    this.#advance();
  }

  #advance(): void {
    const slots = this.#slots ?? [];
    let first = slots[0];
    while (first?.settled === true) {
      slots.shift();
      if (first.id !== undefined) this.#sender.sendReceipt(first.id);
      first = slots[0];
    }
    if (first !== undefined) return;
    this.#slots = undefined;
    const idle = this.#idle;
    this.#idle = undefined;
    idle?.();
  }
}
