/** Something that is looked at when it is due. */
export interface Deadline {
  /**
   * Looks at what is due. Returns when to look again, in ms since the epoch;
   * Infinity for never.
   */
  check(now: number): number;
  /** When it stands in the wheel; belongs to the wheel, as do its neighbours in there. */
  scheduledAt: number;
  previousDue?: Deadline | undefined;
  nextDue?: Deadline | undefined;
}

const SLOT_MS = 50;
const SLOTS = 1024;

/**
 * One timing wheel for all heart-beats and time limits, so that no connection
 * needs a timer of its own. Coarse: a check comes up to 50 ms early or late.
 * Activity is not told to the wheel; whoever is checked looks at its own
 * marks and says when to come again.
 *
 * What is due in one slot is a ring of neighbours, not a set: every connection
 * stands in one, and a place in a set takes as much as a small object.
 */
export class Deadlines {
  /** The first of each ring; the one before the first is the last. */
  readonly #slots: (Deadline | undefined)[] = new Array(SLOTS);
  #slot: number;

  /** `now` in ms since the epoch. */
  constructor(now: number) {
    this.#slot = Math.floor(now / SLOT_MS);
  }

  /** Has it checked at `at` or, if it is due before then already, at that time. */
  schedule(deadline: Deadline, at: number): void {
    if (at >= deadline.scheduledAt || at === Infinity) return;
    this.cancel(deadline);
    const farthest = this.#slot + SLOTS - 1;
    const slot = Math.min(Math.max(Math.ceil(at / SLOT_MS), this.#slot + 1), farthest);
    deadline.scheduledAt = slot * SLOT_MS;
    const index = slot % SLOTS;
    const first = this.#slots[index];
    if (first === undefined) {
      this.#slots[index] = deadline.previousDue = deadline.nextDue = deadline;
      return;
    }
    const last = first.previousDue ?? first;
    deadline.previousDue = last;
    deadline.nextDue = first;
    last.nextDue = first.previousDue = deadline;
  }

  /** Takes it off the wheel. */
  cancel(deadline: Deadline): void {
    if (deadline.scheduledAt === Infinity) return;
    const index = (deadline.scheduledAt / SLOT_MS) % SLOTS;
    const { previousDue, nextDue } = deadline;
    deadline.scheduledAt = Infinity;
    deadline.previousDue = deadline.nextDue = undefined;
    if (previousDue === undefined || nextDue === undefined || nextDue === deadline) {
      this.#slots[index] = undefined;
      return;
    }
    previousDue.nextDue = nextDue;
    nextDue.previousDue = previousDue;
    if (this.#slots[index] === deadline) this.#slots[index] = nextDue;
  }

  /** Checks everything that is due. */
  tick(now: number): void {
    const target = Math.floor(now / SLOT_MS);
    // A clock that was set back or far ahead: every slot is looked at once.
    if (target < this.#slot || target - this.#slot > SLOTS) this.#slot = target - SLOTS;
    while (this.#slot < target) {
      this.#slot++;
      const index = this.#slot % SLOTS;
      // Nothing comes into this slot meanwhile; another's check may take something out of it.
      for (let due = this.#slots[index]; due !== undefined; due = this.#slots[index]) {
        this.cancel(due);
        this.schedule(due, due.check(now));
      }
    }
  }
}
