import type { Runtime } from "../runtime.ts";

/** Input that waits for its turn. */
export interface TurnWorker {
  /**
   * Works off some of its input, until `spent` of the turn has grown by about
   * `allowance`. Returns whether there is more that could be done at once.
   */
  work(allowance: number): boolean;
  /**
   * Until when it counts as a flood, in ms since the epoch; 0 if it never was
   * one. The turn writes it, whenever a slice or a whole turn was not enough.
   */
  floodsUntil: number;
}

/** Output that waits for the end of the turn. */
export interface TurnFlusher {
  flush(): void;
}

/**
 * A turn ends after so long, whatever its frames cost. So long reading may
 * take, and working off what was parked, and sending what was patient.
 */
const TURN_MS = 5;
/** Frames read plus frames sent in one turn of the event loop, about. */
const TURN_BUDGET = 16_384;
/**
 * While there is more input than a turn can take, batches that may wait do so
 * for this long, to go out whole: a system call for 64 frames costs a little
 * more than one for a few. Measured with 1,000 subscribers: twice the deliveries.
 */
const HOLD_MS = 30;
/** What one connection gets before the next has its go. */
const SLICE = 2_048;
/** For so long a connection that had more than its slice is expected to have so again. */
const FLOOD_MS = 100;

/**
 * The rhythm of the broker. Whatever the event loop brings is worked off
 * within a budget of deliveries; what is beyond is parked and goes on in the
 * next turn, one connection after the other, so that a flood on one leaves
 * room for the others. At the end of a turn everything that was written is
 * sent, a whole batch for each connection.
 */
export class Turn {
  readonly #defer: (task: () => void) => void;
  readonly #now: () => number;
  #workers: TurnWorker[] = [];
  #flushers: TurnFlusher[] = [];
  /** Those that may wait while there is more input, and since when they do, in ms since the epoch. */
  #patient: TurnFlusher[] = [];
  #patientSince = 0;
  /** Those that waited long enough, and are sent as far as the turns have time for it. */
  #overdue: TurnFlusher[] = [];
  #tasks: (() => void)[] = [];
  #scheduled = false;
  #left = TURN_BUDGET;
  #servesFlood = false;
  #goSince = 0;
  /** In ms since the epoch. */
  #endsAt = 0;
  /** Deliveries and frames since the start; only differences mean anything. */
  spent = 0;

  constructor(runtime: Pick<Runtime, "defer" | "now">) {
    this.#defer = runtime.defer;
    this.#now = runtime.now;
  }

  /** What a connection may spend now; 0 if this turn is used up. */
  get allowance(): number {
    return this.#allowanceAt(this.#now());
  }

  /**
   * The same for input that has just come, at `now` in ms since the epoch. A
   * flood waits for its go: what else comes in this turn finds it unused.
   */
  allowanceFor(worker: TurnWorker, now: number): number {
    return isFlood(worker, now) ? 0 : this.#allowanceAt(now);
  }

  /** Whether what is done now is done for a flood, whose batches may wait. */
  get servesFlood(): boolean {
    return this.#servesFlood;
  }

  /** When the go began of the worker that has it now, in ms since the epoch. */
  get goSince(): number {
    return this.#goSince;
  }

  /** Whether this turn has taken its time, whatever was done in it. */
  get isOver(): boolean {
    return this.#scheduled && this.#now() >= this.#endsAt;
  }

  /** Counts work done: one for each frame read or sent. */
  charge(count: number): void {
    this.count(count);
    if (!this.#scheduled) this.#schedule();
  }

  /** Counts the same for what leaves nothing to be done at the end of a turn; a heart-beat is worth none. */
  count(count: number): void {
    this.spent += count;
    this.#left -= count;
  }

  /** Parks a connection's input until its turn comes. */
  park(worker: TurnWorker): void {
    this.#workers.push(worker);
    this.#schedule();
  }

  /** Flushes once at the end of this turn. The caller asks once a turn. */
  flushLater(flusher: TurnFlusher): void {
    this.#flushers.push(flusher);
    this.#schedule();
  }

  /** The same, but that it may be some turns later while there is more to come. */
  flushPatiently(flusher: TurnFlusher): void {
    if (this.#patient.length === 0) this.#patientSince = this.#now();
    this.#patient.push(flusher);
    this.#schedule();
  }

  /** Runs a task after the flush of this turn; for what must not happen inside a delivery. */
  after(task: () => void): void {
    this.#tasks.push(task);
    this.#schedule();
  }

  #allowanceAt(now: number): number {
    return this.#scheduled && now >= this.#endsAt ? 0 : Math.min(this.#left, SLICE);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#endsAt = this.#now() + TURN_MS;
    this.#defer(() => this.#run());
  }

  #run(): void {
    this.#left = TURN_BUDGET;
    this.#endsAt = this.#now() + TURN_MS;
    this.#runWorkers();
    this.#scheduled = false;
    const flushers = this.#flushers;
    this.#flushers = [];
    for (const flusher of flushers) flusher.flush();
    this.#flushPatient();
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
    if (this.#workers.length > 0 || this.#overdue.length > 0) this.#schedule();
  }

  #flushPatient(): void {
    if (this.#patient.length > 0) {
      const waited = this.#now() - this.#patientSince;
      if (this.#workers.length === 0 || waited < 0 || waited >= HOLD_MS) {
        this.#overdue = [...this.#overdue, ...this.#patient];
        this.#patient = [];
      }
    }
    if (this.#overdue.length === 0) return;
    // Those who listen to a flood may be many: nobody else is to wait for all of them.
    const overdue = this.#overdue;
    const endsAt = this.#now() + TURN_MS;
    let sent = 0;
    do overdue[sent++]?.flush();
    while (sent < overdue.length && this.#now() < endsAt);
    this.#overdue = overdue.slice(sent);
  }

  #runWorkers(): void {
    const workers = this.#workers;
    let next = 0;
    for (; next < workers.length; next++) {
      const worker = workers[next];
      const { allowance } = this;
      if (worker === undefined || allowance <= 0) break;
      const since = (this.#goSince = this.#now());
      const limit = this.spent + allowance;
      this.#servesFlood = isFlood(worker, since);
      if (!worker.work(allowance)) continue;
      const now = this.#now();
      if (this.spent >= limit || now - since >= TURN_MS) worker.floodsUntil = now + FLOOD_MS;
      // Behind all others: with little left in a turn, those have their go in the next one first.
      workers.push(worker);
    }
    this.#servesFlood = false;
    this.#workers = workers.slice(next);
  }
}

/** Whether it had more than its go a short while ago, by a clock that may have been set back since. */
function isFlood({ floodsUntil }: TurnWorker, now: number): boolean {
  return now < floodsUntil && floodsUntil - now <= FLOOD_MS;
}
