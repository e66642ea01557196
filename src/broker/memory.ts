/**
 * One budget for all message bytes that the process holds: queues, outboxes,
 * transactions, frames half received. Whoever holds bytes adds them here and
 * takes them off again.
 */
export class Memory {
  /** Bytes held now. */
  used = 0;
  /** Bytes of these that are frames half received. */
  half = 0;
  /** Bytes that transports keep, each its own copy, because their peers are slow. */
  inWires = 0;
  /** Bytes allowed. Less than what is held takes nothing away from anyone. */
  max: number;

  constructor(max: number) {
    this.max = max;
  }

  /** Whether so many bytes more would be over the budget. */
  exceededBy(bytes: number): boolean {
    return this.used + bytes > this.max;
  }

  /** Whether transports keep so much that they had better get no large amounts more. */
  get wiresAreFull(): boolean {
    return this.inWires > this.max / 2;
  }
}
