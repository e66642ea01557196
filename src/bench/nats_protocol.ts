/** NATS as the load generator speaks it: the text protocol of its server, core messages only. */

import { ClientError, ConnectError, ConnectionLost } from "../client/client_error.ts";
import type {
  BenchClient,
  BenchProtocol,
  ConnectBenchOptions,
  MessageOptions,
  MessageTemplate,
  SubscribeBenchOptions,
} from "./bench_client.ts";
import { type Link, openLink } from "./link.ts";
import { NatsScanner } from "./nats_scanner.ts";
import { StreamError } from "./pieces.ts";
import type { Scanner } from "./scanner.ts";

/** The protocol of nats-server. */
export const natsProtocol: BenchProtocol = { connect, message };

/** CR LF behind the payload. */
const TAIL_BYTES = 2;
const PING = "PING\r\n";
const PONG = "PONG\r\n";

function connect(options: ConnectBenchOptions): Promise<BenchClient> {
  return new NatsBenchClient(options).connected;
}

function message({ destination, bodyBytes }: MessageOptions): MessageTemplate {
  const frame = Buffer.from(`PUB ${destination} ${bodyBytes}\r\n${"x".repeat(bodyBytes)}\r\n`);
  return { frame, places: [TAIL_BYTES] };
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class NatsBenchClient implements BenchClient {
  readonly scanner: Scanner;
  readonly ack = undefined;
  readonly beatMs: number;
  readonly connected: Promise<BenchClient>;
  server = "";

  readonly #options: ConnectBenchOptions;
  readonly #login = Promise.withResolvers<BenchClient>();
  readonly #link: Link;
  /** Whose PING has no PONG yet, in order. */
  readonly #pings: Waiting[] = [];
  readonly #subscriptions: number[] = [];
  #ids = 0;
  #over = false;

  constructor(options: ConnectBenchOptions) {
    this.#options = options;
    this.beatMs = options.address.heartBeatMs;
    this.connected = this.#login.promise;
    this.#link = openLink(
      { ...options.address, subprotocols: "", kind: "binary" },
      {
        opened: () => undefined,
        data: (chunk) => {
          this.scanner.push(chunk);
          this.receive();
        },
        lost: (error) => this.#lose(error),
      },
    );
    this.scanner = new NatsScanner(this.#link.pieces);
  }

  receive = (): void => {
    while (this.scanner.next()) this.control();
  };

  readonly control = (): void => {
    const { bytes, start, end } = this.scanner;
    const line = Buffer.from(bytes.subarray(start, end)).toString();
    const [word = ""] = line.split(" ", 1);
    switch (word.toUpperCase()) {
      case "INFO":
        this.#onInfo(line);
        return;
      case "PING":
        this.#put(PONG);
        return;
      case "PONG":
        this.#pings.shift()?.resolve();
        return;
      case "+OK":
        return;
      case "-ERR":
        throw new ConnectionLost(`The broker refused: ${line.slice(5).replaceAll("'", "")}`);
      default:
        throw new StreamError(`sent ${JSON.stringify(line.slice(0, 40))} unasked`);
    }
  };

  readonly wrap = (frame: string | Uint8Array): Uint8Array => this.#link.wrap(frame);
  readonly write = (bytes: Uint8Array, length: number): void => this.#link.write(bytes, length);
  readonly unescape = (value: string): string => value;
  readonly beat = (): void => {
    this.#pings.push({ resolve: () => undefined, reject: () => undefined });
    this.#put(PING);
  };

  readonly subscribe = ({ destination }: SubscribeBenchOptions): Promise<void> => {
    const sid = ++this.#ids;
    this.#subscriptions.push(sid);
    this.#put(`SUB ${destination} ${sid}\r\n`);
    return this.#ping();
  };

  readonly fence = (): Promise<void> => {
    for (const sid of this.#subscriptions.splice(0)) this.#put(`UNSUB ${sid}\r\n`);
    return this.#ping();
  };

  readonly cut = (): void => {
    this.#over = true;
    this.#link.cut();
  };

  #onInfo(line: string): void {
    if (this.server !== "") return;
    const [, version = ""] = /"version":"([^"]*)"/.exec(line) ?? [];
    this.server = `nats-server/${version}`;
    const { url, login = url.login, passcode = url.passcode } = this.#options.address;
    const options = {
      verbose: false,
      pedantic: false,
      lang: "stompbox",
      version: "bench",
      ...(login === undefined ? {} : { user: login }),
      ...(passcode === undefined ? {} : { pass: passcode }),
    };
    this.#put(`CONNECT ${JSON.stringify(options)}\r\n`);
    this.#ping().then(
      () => this.#login.resolve(this),
      () => undefined,
    );
  }

  /** Settles when the server has done what was asked for before. */
  #ping(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pings.push({ resolve, reject });
      this.#put(PING);
    });
  }

  #put(frame: string): void {
    const bytes = this.#link.wrap(frame);
    this.#link.write(bytes, bytes.length);
  }

  #lose(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    const { shown } = this.#options.address.url;
    const told =
      error instanceof ClientError
        ? error
        : new ConnectError("no-stomp", `Cannot connect to ${shown}: ${error.message}`);
    this.#login.reject(told);
    for (const { reject } of this.#pings.splice(0)) reject(told);
    this.#login.promise.then(
      () => this.#options.lost(told),
      () => undefined,
    );
  }
}
