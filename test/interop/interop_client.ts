/**
 * What the suite asks of a client library, and what an adapter of one makes of
 * it. The libraries run as they come from their registry.
 */

/** The versions of the protocol, as `accept-version` spells them. */
export type InteropVersion = "1.0" | "1.1" | "1.2";

/** Ack modes, as SUBSCRIBE spells them. */
export type AckMode = "auto" | "client" | "client-individual";

/** A message as the library hands it to its user. */
export interface ClientMessage {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The body as bytes; undefined where the library knows only text. */
  readonly bytes: Uint8Array | undefined;
  ack(transaction?: string): void;
  nack(): void;
}

/** One connection made by a library, logged in. */
export interface InteropClient {
  /** The version that the library believes to speak. */
  readonly version: string;
  /** The `server` header of CONNECTED as the library shows it. */
  readonly server: string | undefined;
  readonly beats: BeatCounts;
  subscribe(
    destination: string,
    options: { readonly ack: AckMode; readonly onMessage: (message: ClientMessage) => void },
  ): void;
  send(
    destination: string,
    body: string | Uint8Array,
    options?: {
      readonly transaction?: string;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): void;
  begin(transaction: string): void;
  commit(transaction: string): void;
  abort(transaction: string): void;
  /** Resolves when the broker has carried out everything asked of it so far. */
  settled(): Promise<void>;
  /** Says goodbye as the library does it; resolves when the library believes that it is done. */
  disconnect(): Promise<void>;
  /** Loses the connection without a goodbye, if it is still there. */
  cut(): void;
}

/** Where the broker under test listens. */
export interface BrokerPorts {
  readonly ws: number;
  readonly tcp: number;
}

/** What a connection is to be like. */
export interface InteropOptions {
  readonly version: InteropVersion;
  /** What the client offers and asks for, in ms; 0,0 unless given. */
  readonly heartBeatMs?: number;
}

/** What a library may be unable to do; each is a row or two of the suite. */
export type Ability = "nack" | "binary body" | "disconnect receipt";

/** A client library, or one way of using it. */
export interface ClientKind {
  readonly name: string;
  readonly transport: "ws" | "tcp";
  /** The versions it can be made to speak. */
  readonly versions: readonly InteropVersion[];
  /** What it cannot do in that version, each with the reason. */
  readonly lacks: (version: InteropVersion) => Readonly<Partial<Record<Ability, string>>>;
  /** Why it cannot be tested here at all. */
  readonly missing?: string;
  connect(ports: BrokerPorts, options: InteropOptions): Promise<InteropClient>;
}

/** Heart-beats that a library sent and received, and whoever waits for some. */
export class BeatCounts {
  sent = 0;
  received = 0;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  /** One went out. */
  noteSent(): void {
    this.sent++;
    this.#wake();
  }

  /** One came in. */
  noteReceived(): void {
    this.received++;
    this.#wake();
  }

  /** Resolves when so many have gone out and as many have come in. */
  bothWays(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ count, resolve });
    this.#wake();
    return promise;
  }

  #wake(): void {
    const both = Math.min(this.sent, this.received);
    for (const { count, resolve } of this.#waiting) if (both >= count) resolve();
    this.#waiting = this.#waiting.filter(({ count }) => both < count);
  }
}

/** Notes what the WebSocket libraries, which all descend from one, say of their beats. */
export function watchBeats(beats: BeatCounts): (line: unknown) => void {
  return (line) => {
    if (line === ">>> PING") beats.noteSent();
    else if (line === "<<< PONG") beats.noteReceived();
  };
}

/** Sends receipts out and waits for them, for libraries that only tell which one came. */
export class ReceiptBook {
  #count = 0;
  readonly #waiting = new Map<string, () => void>();

  /** A new receipt id, and a promise that it comes. */
  open(): { readonly id: string; readonly came: Promise<void> } {
    const id = `interop-${++this.#count}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(id, resolve);
    return { id, came: promise };
  }

  /** That one came. */
  came(id: string | undefined): void {
    if (id !== undefined) this.#waiting.get(id)?.();
  }
}

/** Nobody subscribes to it: what is sent there asks for nothing but its receipt. */
export const NOWHERE = "/topic/interop.nowhere";
