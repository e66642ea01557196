/** Something that is looked at when it is due. */
export interface Deadline {
  /**
   * Looks at what is due. Returns when to look again, in ms since the epoch;
   * Infinity for never.
   */
  check(now: number): number;
  /** When it stands in the wheel; belongs to the wheel. */
  scheduledAt: number;
}

const SLOT_MS = 50;
const SLOTS = 1024;

/**
 * One timing wheel for all heart-beats and time limits, so that no connection
 * needs a timer of its own. Coarse: a check comes up to 50 ms early or late.
 * Activity is not told to the wheel; whoever is checked looks at its own
 * marks and says when to come again.
 */
export class Deadlines {
  readonly #slots: (Set<Deadline> | undefined)[] = new Array(SLOTS);
  #slot: number;

  /** `now` in ms since the epoch. */
  constructor(now: number) {
    this.#slot = Math.floor(now / SLOT_MS);
  }

  /** Has it checked at `at` or, if it is due before then already, at that time. */
  schedule(deadline: Deadline, at: number): void {
    if (at >= deadline.scheduledAt || at === Infinity) return;
    this.cancel(deadline);
    const last = this.#slot + SLOTS - 1;
    const slot = Math.min(Math.max(Math.ceil(at / SLOT_MS), this.#slot + 1), last);
    deadline.scheduledAt = slot * SLOT_MS;
    const index = slot % SLOTS;
    this.#slots[index] ??= new Set();
    this.#slots[index].add(deadline);
  }

  /** Takes it off the wheel. */
  cancel(deadline: Deadline): void {
    if (deadline.scheduledAt === Infinity) return;
    this.#slots[(deadline.scheduledAt / SLOT_MS) % SLOTS]?.delete(deadline);
    deadline.scheduledAt = Infinity;
  }

  /** Checks everything that is due. */
  tick(now: number): void {
    const target = Math.floor(now / SLOT_MS);
    // A clock that was set back or far ahead: every slot is looked at once.
    if (target < this.#slot || target - this.#slot > SLOTS) this.#slot = target - SLOTS;
    while (this.#slot < target) {
      this.#slot++;
      const index = this.#slot % SLOTS;
      const due = this.#slots[index];
      if (due === undefined) continue;
      this.#slots[index] = undefined;
      for (const deadline of due) {
        // Another's check may have taken it off, or moved it.
        if ((deadline.scheduledAt / SLOT_MS) % SLOTS !== index) continue;
        deadline.scheduledAt = Infinity;
        this.schedule(deadline, deadline.check(now));
      }
    }
  }
}
