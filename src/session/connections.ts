import { Fault } from "../fault.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { type ConnectionContext } from "./connection_context.ts";
import type { Deadline } from "./deadlines.ts";
import { Roster } from "./roster.ts";
import type { Inbound, Wire } from "./wire.ts";

/** Bounds on connections in all. */
export interface AdmissionLimits {
  /** Connections in all. */
  readonly connectionsMax: number;
  /** Connections from one address; loopback addresses are exempt. */
  readonly connectionsPerAddressMax: number;
  /** Connections that are read before they are logged in; more wait in line. */
  readonly loginsPendingMax: number;
  /** The same for one address; loopback addresses are exempt. */
  readonly loginsPendingPerAddressMax: number;
}

/** So long may someone stand at the door and say nothing while others wait. */
const MUTE_MS = 1_000;

/** A connection that has not logged in, or will not. */
interface Guest {
  readonly wire: Wire;
  readonly address: string;
  readonly connection: Connection;
  /** When it came to the door, in ms since the epoch. */
  atDoorSince: number;
  /** Waits unread, is read but not logged in, or was told no. */
  stage: "in line" | "at the door" | "refused";
}

/**
 * All connections of the broker, and who may come in. Whoever is not logged in
 * can make a transport buffer a whole message before anyone looks at it, so
 * only a few such are read at a time; the others wait in line, unread.
 */
export class Connections implements ConnectionOwner, Deadline {
  scheduledAt = Infinity;
  previousDue: Deadline | undefined = undefined;
  nextDue: Deadline | undefined = undefined;
  readonly #context: ConnectionContext;
  readonly #limits: AdmissionLimits;
  /** Every connection. */
  readonly #all = new Roster<Connection>();
  /** Those that are not logged in. */
  readonly #guests = new Map<Connection, Guest>();
  readonly #line = new Set<Guest>();
  /** Who is read and not logged in, the longest there first. */
  readonly #door = new Set<Guest>();
  readonly #perAddress = new Map<string, number>();
  readonly #atDoorPerAddress = new Map<string, number>();
  readonly #others = new Set<() => void>();
  #refused = 0;
  #numbers = 0;
  #closing = false;
  readonly #empty = Promise.withResolvers<void>();

  constructor(context: ConnectionContext, limits: AdmissionLimits) {
    this.#context = context;
    this.#limits = limits;
  }

  /** Connections, logged in or not, without those that were told no and are leaving. */
  get size(): number {
    return this.#all.size - this.#refused + this.#others.size;
  }

  /** Live subscriptions of all; what is no STOMP connection is one. */
  get subscriptions(): number {
    let count = this.#others.size;
    for (const { session } of this.#all) count += session.subscriptions.size;
    return count;
  }

  /** The connections there are. */
  all(): Iterable<Connection> {
    return this.#all;
  }

  /** The connection of that number, unless it is gone. */
  find(number: number): Connection | undefined {
    return this.#all.find(number);
  }

  /** Why nobody from that address may come in now, or undefined. */
  refusal(address: string): Fault | undefined {
    if (this.#closing) return new Fault("shutting-down", "Cannot connect: this broker is stopping");
    const { connectionsMax, connectionsPerAddressMax } = this.#limits;
    if (this.size >= connectionsMax) {
      return new Fault(
        "too-many-connections",
        `Cannot connect: ${connectionsMax} connections are open, the limit of this broker`,
      );
    }
    if (!isLoopback(address) && (this.#perAddress.get(address) ?? 0) >= connectionsPerAddressMax) {
      return new Fault(
        "too-many-connections",
        `Cannot connect: ${connectionsPerAddressMax} connections are open from this address, its limit`,
      );
    }
    return undefined;
  }

  /**
   * Counts something that is no STOMP connection but takes the place of one,
   * and has one subscription. `end` is called when the broker stops; the
   * returned function is to be called when it has left.
   */
  enter(address: string, end: () => void): () => void {
    this.#others.add(end);
    add(this.#perAddress, address, 1);
    return () => {
      if (this.#others.delete(end)) add(this.#perAddress, address, -1);
    };
  }

  /**
   * Takes a new wire in. If nobody may come in now, its far end is told so and
   * goodbye; the caller goes on as with any other.
   */
  accept(wire: Wire): Inbound {
    const { address } = wire.peer;
    const refusal = this.refusal(address);
    const connection = new Connection(wire, {
      number: ++this.#numbers,
      context: this.#context,
      owner: this,
    });
    const guest: Guest = { wire, address, connection, atDoorSince: 0, stage: "in line" };
    this.#all.add(connection);
    this.#guests.set(connection, guest);
    add(this.#perAddress, address, 1);
    if (refusal !== undefined) {
      guest.stage = "refused";
      this.#refused++;
      add(this.#perAddress, address, -1);
      connection.fail(refusal, undefined);
    } else if (this.#hasRoomAtDoor(address)) {
      this.#toDoor(guest);
    } else {
      this.#toLine(guest);
    }
    return connection;
  }

  /** Lets those in who wait and may come in now; to be called when the limits have changed. */
  admit(): void {
    for (const next of this.#line) {
      if (this.#door.size >= this.#limits.loginsPendingMax) return;
      if (!this.#hasRoomAtDoor(next.address)) continue;
      this.#line.delete(next);
      this.#toDoor(next);
      next.wire.resume();
    }
  }

  connected(connection: Connection): void {
    const guest = this.#guests.get(connection);
    if (guest === undefined) return;
    this.#leaveDoor(guest);
    this.#guests.delete(connection);
  }

  ended(connection: Connection): void {
    if (!this.#all.delete(connection)) return;
    const guest = this.#guests.get(connection);
    this.#guests.delete(connection);
    if (guest !== undefined) {
      this.#line.delete(guest);
      this.#leaveDoor(guest);
    }
    if (guest?.stage === "refused") this.#refused--;
    else add(this.#perAddress, connection.address, -1);
    if (this.#closing && this.#all.size === 0) this.#empty.resolve();
  }

  /** Resolves when all are gone after `shutDown`. */
  get gone(): Promise<void> {
    return this.#empty.promise;
  }

  /** Tells every client goodbye. Resolves when all are gone. */
  shutDown(): Promise<void> {
    this.#closing = true;
    for (const end of [...this.#others]) end();
    for (const connection of [...this.#all]) connection.shutDown();
    if (this.#all.size === 0) this.#empty.resolve();
    return this.gone;
  }

  /** Cuts whoever is still there. */
  destroy(): void {
    for (const connection of [...this.#all]) connection.destroy();
    this.#empty.resolve();
  }

  #hasRoomAtDoor(address: string): boolean {
    const { loginsPendingMax, loginsPendingPerAddressMax } = this.#limits;
    if (this.#door.size >= loginsPendingMax) return false;
    if (isLoopback(address)) return true;
    return (this.#atDoorPerAddress.get(address) ?? 0) < loginsPendingPerAddressMax;
  }

  /**
   * While others wait, whoever stands at the door and says nothing goes to the
   * end of the line, so that a few mute ones do not keep everybody out.
   */
  check(now: number): number {
    for (const guest of this.#door) {
      if (this.#line.size === 0) return Infinity;
      if (now - guest.atDoorSince < MUTE_MS) return guest.atDoorSince + MUTE_MS;
      if (!guest.connection.isMute) continue;
      this.#toLine(guest);
      this.#leaveDoor(guest);
    }
    return this.#line.size === 0 ? Infinity : now + MUTE_MS;
  }

  #toLine(guest: Guest): void {
    guest.stage = "in line";
    guest.wire.pause();
    guest.connection.setInLine(true);
    this.#line.add(guest);
    const { deadlines, runtime } = this.#context;
    deadlines.schedule(this, runtime.now() + MUTE_MS);
  }

  #toDoor(guest: Guest): void {
    guest.stage = "at the door";
    guest.atDoorSince = this.#context.runtime.now();
    guest.connection.setInLine(false);
    this.#door.add(guest);
    add(this.#atDoorPerAddress, guest.address, 1);
  }

  #leaveDoor(guest: Guest): void {
    if (!this.#door.delete(guest)) return;
    add(this.#atDoorPerAddress, guest.address, -1);
    this.admit();
  }
}

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127\./.test(address);
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
