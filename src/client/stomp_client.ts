/** A small STOMP client for any broker that speaks 1.0, 1.1 or 1.2. */

import { Decoder } from "../protocol/decoder.ts";
import { encodeFrame } from "../protocol/encoder.ts";
import { type Frame, headerOf } from "../protocol/frame.ts";
import { type Version, VERSION_RULES, VERSIONS } from "../protocol/version.ts";
import { Fault } from "../fault.ts";
import { after } from "./after.ts";
import {
  BrokerError,
  ClientError,
  ConnectError,
  ConnectionLost,
  MisuseError,
} from "./client_error.ts";
import type {
  ClientSubscription,
  ClientTransaction,
  ConnectOptions,
  OutgoingMessage,
  SubscribeOptions,
} from "./client_contract.ts";
import type { ClientWire, WireEnd, WireEvents } from "./client_wire.ts";
import { encodeClientFrame } from "./encode_client_frame.ts";
import { agreeBeats, type KeepAlive, keepAlive } from "./keep_alive.ts";
import type { ReceivedMessage } from "./received_message.ts";
import { openTcpWire } from "./tcp_wire.ts";
import { openWsWire } from "./ws_wire.ts";

const HEART_BEAT_MS = 10_000;
const CONNECT_MS = 10_000;
const DISCONNECT_MS = 5_000;
/** Beyond so many bytes on their way a sender is asked to wait. */
const HIGH_WATER_BYTES = 1024 ** 2;
const LIMITS = {
  frameBytesMax: 256 * 1024 ** 2,
  headersMax: 10_000,
  headerLineBytesMax: 1024 ** 2,
};

/**
 * Connects and logs in.
 *
 * @throws ConnectError where no connection or no STOMP came about
 * @throws BrokerError where the broker refused the login
 */
export async function connectClient(options: ConnectOptions): Promise<StompClient> {
  const { url, runtime, timeoutMs = CONNECT_MS } = options;
  const client = new StompClient(options);
  const open = url.carrier === "ws" ? openWsWire : openTcpWire;
  const opening = open({ url, runtime, trust: options.trust ?? {} }, client.wireEvents);
  const late = Promise.withResolvers<never>();
  const stop = after(runtime, {
    ms: timeoutMs,
    task: () => {
      const reason = `no answer within ${timeoutMs / 1000} s`;
      late.reject(new ConnectError("timeout", `Cannot connect to ${url.shown}: ${reason}`));
    },
  });
  try {
    const wire = await Promise.race([opening.opened, late.promise]);
    await Promise.race([client.login(wire), late.promise]);
    return client;
  } catch (error) {
    opening.abandon();
    throw error;
  } finally {
    stop();
  }
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: ClientError) => void;
}

/**
 * One connection that is logged in. Frames are handled in the order in which
 * they come, and what is sent leaves in the order of the calls.
 */
export class StompClient {
  /** The version agreed on. */
  version: Version = "1.0";
  /**
   * Settles when the connection is over: with undefined after `disconnect`,
   * otherwise with the reason. Never rejects.
   */
  readonly closed: Promise<ClientError | undefined>;
  /** What the wire tells; for {@link connectClient} alone. */
  readonly wireEvents: WireEvents;

  readonly #options: ConnectOptions;
  readonly #decoder = new Decoder(LIMITS);
  readonly #subscriptions = new Map<string, SubscribeOptions>();
  readonly #receipts = new Map<string, Waiting>();
  readonly #closed = Promise.withResolvers<ClientError | undefined>();
  /** Names and values in turn. */
  #connectedHeaders: readonly string[] = [];
  #wire: ClientWire | undefined;
  #state: "connecting" | "open" | "leaving" | "over" = "connecting";
  #login: Waiting | undefined;
  #keepAlive: KeepAlive | undefined;
  #paused = false;
  #goodbye = new Promise<boolean>(() => undefined);
  #ids = 0;

  /** Use {@link connectClient}. */
  constructor(options: ConnectOptions) {
    this.#options = options;
    this.closed = this.#closed.promise;
    this.wireEvents = {
      data: (data) => this.#receive(data),
      closed: (how) => this.#wireClosed(how),
    };
  }

  /** The `server` header of CONNECTED, which names the broker; empty if it does not. */
  get server(): string {
    return this.connectedHeader("server") ?? "";
  }

  /** The first value of a header of CONNECTED, or undefined. */
  connectedHeader(name: string): string | undefined {
    return headerOf(this.#connectedHeaders, name);
  }

  /** Bytes that are on their way out. */
  get buffered(): number {
    return this.#wire?.buffered ?? 0;
  }

  /** Sends CONNECT and waits for the answer; for {@link connectClient} alone. */
  login(wire: ClientWire): Promise<void> {
    this.#wire = wire;
    const { url, versions = [...VERSIONS].reverse(), heartBeatMs = HEART_BEAT_MS } = this.#options;
    const { login = url.login, passcode = url.passcode, host = url.host } = this.#options;
    const headers = [
      "accept-version",
      versions.join(","),
      "host",
      host,
      ...(login === undefined ? [] : ["login", login]),
      ...(passcode === undefined ? [] : ["passcode", passcode]),
      "heart-beat",
      `${heartBeatMs},${heartBeatMs}`,
      ...(this.#options.headers ?? []),
    ];
    return new Promise((resolve, reject) => {
      this.#login = { resolve, reject };
      // CONNECT is never escaped (STOMP 1.2 "Value Encoding").
      wire.send(encodeFrame("CONNECT", headers, { version: "1.0", escape: false }));
    });
  }

  /**
   * Sends a message. Answers whether there is room for more; otherwise wait
   * for {@link drained}, or the memory grows.
   */
  send(message: OutgoingMessage): boolean {
    this.#write("SEND", sendHeaders(message), message.body ?? "");
    return this.buffered < HIGH_WATER_BYTES;
  }

  /** Sends a message; settles when the broker has confirmed it, rejects with a ClientError. */
  sendConfirmed(message: OutgoingMessage): Promise<void> {
    return this.request("SEND", { headers: sendHeaders(message), body: message.body ?? "" });
  }

  /** Settles once little is on its way out, and when the connection is over. */
  drained(): Promise<void> {
    return this.#wire?.drained() ?? Promise.resolve();
  }

  /** Sends a frame with a `receipt`; settles when that has come, rejects with a ClientError. */
  request(
    command: string,
    frame: { readonly headers: readonly string[]; readonly body?: string | Uint8Array | undefined },
  ): Promise<void> {
    const receipt = `r${++this.#ids}`;
    return new Promise((resolve, reject) => {
      this.#write(command, [...frame.headers, "receipt", receipt], frame.body);
      this.#receipts.set(receipt, { resolve, reject });
    });
  }

  /** Subscribes. Messages may come before `confirmed` settles. */
  subscribe(options: SubscribeOptions): ClientSubscription {
    const { destination, ack = "auto", headers = [], implicit = false } = options;
    const id = options.id ?? (implicit ? destination : `s${++this.#ids}`);
    this.#subscriptions.set(id, options);
    const confirmed = implicit
      ? Promise.resolve()
      : this.request("SUBSCRIBE", {
          headers: ["id", id, "destination", destination, "ack", ack, ...headers],
        });
    // Who does not wait for it hears of a failure by `closed`.
    confirmed.catch(() => undefined);
    return {
      id,
      confirmed,
      unsubscribe: async (more = []) => {
        if (!implicit) {
          await this.request("UNSUBSCRIBE", {
            headers: ["id", id, "destination", destination, ...more],
          });
        }
        this.#subscriptions.delete(id);
      },
    };
  }

  /** Acknowledges a message, in mode `client` those before it too. */
  ack(message: ReceivedMessage, options: { readonly transaction?: string } = {}): void {
    this.#settle("ACK", { message, headers: transactionHeaders(options) });
  }

  /** Refuses a message. Throws a MisuseError in STOMP 1.0, which has no NACK. */
  nack(
    message: ReceivedMessage,
    options: { readonly transaction?: string; readonly headers?: readonly string[] } = {},
  ): void {
    if (this.version === "1.0") {
      throw new MisuseError(
        "Cannot refuse a message: the broker speaks STOMP 1.0, which has no NACK",
      );
    }
    const headers = [...transactionHeaders(options), ...(options.headers ?? [])];
    this.#settle("NACK", { message, headers });
  }

  /** Begins a transaction. */
  begin(): ClientTransaction {
    const id = `t${++this.#ids}`;
    const headers = ["transaction", id];
    this.#write("BEGIN", headers, undefined);
    return {
      id,
      commit: () => this.request("COMMIT", { headers }),
      abort: () => this.request("ABORT", { headers }),
    };
  }

  /** Stops reading, so that what the broker sends waits there. */
  pause(): void {
    this.#paused = true;
    this.#wire?.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#paused = false;
    this.#wire?.resume();
  }

  /**
   * Says goodbye. Answers whether the broker has confirmed within the time that
   * it has everything that was sent; the connection is over either way. Never
   * rejects: what fails on the way is what `closed` settles with. Called
   * again, it only waits.
   */
  async disconnect({ timeoutMs = DISCONNECT_MS } = {}): Promise<boolean> {
    if (this.#state === "open") {
      this.#state = "leaving";
      this.resume();
      this.#goodbye = new Promise((resolve) => {
        this.#receipts.set("goodbye", {
          resolve: () => resolve(true),
          reject: () => undefined,
        });
      });
      this.#put(encodeClientFrame("DISCONNECT", ["receipt", "goodbye"], { version: this.version }));
    }
    if (this.#state !== "leaving") return false;
    const late = Promise.withResolvers<boolean>();
    const stop = after(this.#options.runtime, { ms: timeoutMs, task: () => late.resolve(false) });
    // Some brokers close in place of a receipt.
    const closed = this.closed.then((reason) => reason === undefined);
    const confirmed = await Promise.race([this.#goodbye, closed, late.promise]);
    stop();
    this.#wire?.close();
    this.#over(undefined);
    return confirmed;
  }

  /** Ends at once, without a goodbye. */
  cut(): void {
    this.#over(new ConnectionLost("The connection was cut"));
    this.#wire?.cut();
  }

  #settle(
    command: "ACK" | "NACK",
    settled: { readonly message: ReceivedMessage; readonly headers: readonly string[] },
  ): void {
    const { headers } = settled.message;
    const messageId = headerOf(headers, "message-id") ?? "";
    const name = {
      id: ["id", headerOf(headers, "ack") ?? messageId],
      "subscription and message-id": [
        "subscription",
        headerOf(headers, "subscription") ?? "",
        "message-id",
        messageId,
      ],
      "message-id": ["message-id", messageId],
    }[VERSION_RULES[this.version].ackBy];
    this.#write(command, [...name, ...settled.headers], undefined);
  }

  #write(command: string, headers: readonly string[], body: string | Uint8Array | undefined): void {
    if (this.#state !== "open") {
      throw new MisuseError(`Cannot send ${command}: the connection is over`);
    }
    this.#put(encodeClientFrame(command, headers, { version: this.version, body }));
  }

  #put(data: string | Uint8Array): void {
    this.#keepAlive?.spoke();
    this.#wire?.send(data);
  }

  #receive(data: string | Uint8Array): void {
    if (this.#state === "over") return;
    this.#keepAlive?.heard();
    this.#options.heard?.();
    this.#decoder.push(data);
    try {
      for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) {
        this.#onFrame(frame);
        if (this.#isOver()) return;
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#fail(this.#notStomp(error));
    }
  }

  #isOver(): boolean {
    return this.#state === "over";
  }

  #notStomp(fault: Fault): ClientError {
    const { shown } = this.#options.url;
    return this.#state === "connecting"
      ? new ConnectError(
          "no-stomp",
          `Cannot connect to ${shown}: what answers there does not speak STOMP (${fault.detail})`,
        )
      : new ConnectionLost(
          `Lost the connection to ${shown}: the broker sent what is not STOMP (${fault.detail})`,
        );
  }

  #onFrame(frame: Frame): void {
    switch (frame.command) {
      case "CONNECTED":
        this.#onConnected(frame);
        return;
      case "MESSAGE":
        this.#onMessage(frame);
        return;
      case "RECEIPT": {
        const id = headerOf(frame.headers, "receipt-id") ?? "";
        const waiting = this.#receipts.get(id);
        this.#receipts.delete(id);
        waiting?.resolve();
        return;
      }
      case "ERROR":
        this.#fail(new BrokerError(frame.headers, frame.body));
        return;
      default:
        throw new Fault(
          "unknown-command",
          `Cannot read command ${JSON.stringify(frame.command.slice(0, 40))}`,
        );
    }
  }

  #onConnected({ headers }: Frame): void {
    if (this.#state !== "connecting") return;
    const named = headerOf(headers, "version") ?? "1.0";
    this.version = VERSIONS.find((version) => version === named) ?? "1.0";
    this.#decoder.rules = VERSION_RULES[this.version];
    this.#connectedHeaders = headers;
    this.#state = "open";
    const { runtime, heartBeatMs = HEART_BEAT_MS, url } = this.#options;
    const beats = agreeBeats(
      VERSION_RULES[this.version].heartBeats ? heartBeatMs : 0,
      headerOf(headers, "heart-beat"),
    );
    this.#keepAlive = keepAlive(beats, {
      runtime,
      beat: () => this.#wire?.send("\n"),
      deaf: () => this.#paused,
      silent: () =>
        this.#fail(
          new ConnectionLost(
            `Lost the connection to ${url.shown}: heard nothing for ${(2 * beats.receiveMs) / 1000} s, although a heart-beat was promised every ${beats.receiveMs / 1000} s`,
          ),
        ),
    });
    this.#login?.resolve();
    this.#login = undefined;
  }

  #onMessage({ headers, body }: Frame): void {
    const destination = headerOf(headers, "destination") ?? "";
    const subscription = headerOf(headers, "subscription");
    const options =
      this.#subscriptions.get(subscription ?? "") ??
      // STOMP 1.0 leaves the subscription out.
      [...this.#subscriptions.values()].find((each) => each.destination === destination) ??
      (this.#subscriptions.size === 1 ? [...this.#subscriptions.values()][0] : undefined);
    options?.receive({ headers, body, destination, subscription });
  }

  #wireClosed({ text, clean }: WireEnd): void {
    const { url } = this.#options;
    const { shown } = url;
    if (this.#state === "over") return;
    if (this.#state === "leaving" && clean) this.#over(undefined);
    else if (this.#state === "connecting") {
      this.#fail(
        new ConnectError(
          "no-stomp",
          `Cannot connect to ${shown}: the connection ${text} before CONNECTED came${url.carrier === "tcp" && !url.tls ? "; for a port that speaks HTTP try ws://, for TLS ssl://" : ""}`,
        ),
      );
    } else this.#fail(new ConnectionLost(`Lost the connection to ${shown}: it ${text}`));
  }

  #fail(error: ClientError): void {
    // First: a wire may tell of its end while it is closed.
    this.#over(error);
    this.#wire?.close();
  }

  #over(reason: ClientError | undefined): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#keepAlive?.stop();
    const error = reason ?? new MisuseError("Cannot wait for an answer: the connection is over");
    this.#login?.reject(error);
    for (const { reject } of this.#receipts.values()) reject(error);
    this.#receipts.clear();
    this.#subscriptions.clear();
    this.#closed.resolve(reason);
  }
}

function sendHeaders({ destination, headers = [], transaction }: OutgoingMessage): string[] {
  const own = transaction === undefined ? [] : ["transaction", transaction];
  return ["destination", destination, ...own, ...headers];
}

function transactionHeaders({ transaction }: { readonly transaction?: string }): string[] {
  return transaction === undefined ? [] : ["transaction", transaction];
}
