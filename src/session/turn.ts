import type { Runtime } from "../runtime.ts";

/** Input that waits for its turn. */
export interface TurnWorker {
  /**
   * Works off some of its input, until `spent` of the turn has grown by about
   * `allowance`. Returns whether there is more that could be done at once.
   */
  work(allowance: number): boolean;
}

/** Output that waits for the end of the turn. */
export interface TurnFlusher {
  flush(): void;
}

/** A turn ends after so long, whatever its frames cost. */
const TURN_MS = 10;
/** Frames read plus frames sent in one turn of the event loop, about. */
const TURN_BUDGET = 16_384;
/**
 * While there is more input than a turn can take, batches that may wait do so
 * for this long, to go out whole: a system call for 64 frames costs a little
 * more than one for a few. Measured with 1,000 subscribers: twice the deliveries.
 */
const HOLD_MS = 20;
/** What one connection gets before the next has its go. */
const SLICE = 2_048;

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
  #tasks: (() => void)[] = [];
  #scheduled = false;
  #left = TURN_BUDGET;
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
    return this.allowanceAt(this.#now());
  }

  /** The same for who knows what time it is, in ms since the epoch. */
  allowanceAt(now: number): number {
    return this.#scheduled && now >= this.#endsAt ? 0 : Math.min(this.#left, SLICE);
  }

  /** Whether this turn has taken its time, whatever was done in it. */
  get isOver(): boolean {
    return this.#scheduled && this.#now() >= this.#endsAt;
  }

  /** Counts work done: one for each frame read or sent. */
  charge(count: number): void {
    this.spent += count;
    this.#left -= count;
    if (!this.#scheduled) this.#schedule();
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
    if (this.#workers.length > 0) this.#schedule();
  }

  #flushPatient(): void {
    const patient = this.#patient;
    if (patient.length === 0) return;
    const waited = this.#now() - this.#patientSince;
    if (this.#workers.length > 0 && waited >= 0 && waited < HOLD_MS) return;
    this.#patient = [];
    for (const flusher of patient) flusher.flush();
  }

  #runWorkers(): void {
    const workers = this.#workers;
    let next = 0;
    for (; next < workers.length; next++) {
      const worker = workers[next];
      const { allowance } = this;
      if (worker === undefined || allowance <= 0) break;
      // Behind all others: with little left in a turn, those have their go in the next one first.
      if (worker.work(allowance)) workers.push(worker);
    }
    this.#workers = workers.slice(next);
  }
}
