/** STOMP as the load generator speaks it. */

import { BrokerError, ClientError, ConnectError } from "../client/client_error.ts";
import { encodeClientFrame } from "../client/encode_client_frame.ts";
import { Decoder } from "../protocol/decoder.ts";
import { encodeFrame } from "../protocol/encoder.ts";
import { unescapeHeader } from "../protocol/escape.ts";
import { type Frame, headerOf } from "../protocol/frame.ts";
import { type AckHeader, VERSION_RULES, type Version, VERSIONS } from "../protocol/version.ts";
import { agreeBeats } from "../client/keep_alive.ts";
import { confirmsSubscriptions } from "../client/spellings.ts";
import type {
  AckForm,
  BenchClient,
  BenchProtocol,
  ConnectBenchOptions,
  MessageOptions,
  MessageTemplate,
  SubscribeBenchOptions,
} from "./bench_client.ts";
import { SEQUENCE_WIDTH } from "./digits.ts";
import { type Link, openLink } from "./link.ts";
import { StreamError } from "./pieces.ts";
import type { Scanner } from "./scanner.ts";
import { StompScanner } from "./stomp_scanner.ts";

const LIMITS = { frameBytesMax: 64 * 1024 ** 2, headersMax: 1_000, headerLineBytesMax: 65_536 };
const BEAT = "\n";
/** A destination without subscribers. */
const NOWHERE = "/topic/bench-nowhere";

/** STOMP 1.0 to 1.2. */
export const stompProtocol: BenchProtocol = { connect, message };

function connect(options: ConnectBenchOptions): Promise<BenchClient> {
  return new StompBenchClient(options).connected;
}

function message(options: MessageOptions): MessageTemplate {
  const { destination, bodyBytes, headers, receipt } = options;
  const digits = "0".repeat(SEQUENCE_WIDTH);
  const lines = [
    ...["destination", destination],
    ...(receipt ? ["receipt", digits] : []),
    ...headers,
    ...["content-type", "text/plain"],
  ];
  const frame = Buffer.from(
    encodeClientFrame("SEND", lines, { version: "1.2", body: "x".repeat(bodyBytes) }),
  );
  const body = 1;
  if (!receipt) return { frame, places: [body] };
  const line = `\nreceipt:${digits}`;
  return { frame, places: [body, frame.length - frame.indexOf(line) - line.length] };
}

const ACK_FORMS: Readonly<Record<AckHeader, AckForm>> = {
  id: { header: "ack", head: () => "ACK\nid:" },
  "subscription and message-id": {
    header: "message-id",
    head: (subscription) => `ACK\nsubscription:${subscription}\nmessage-id:`,
  },
  "message-id": { header: "message-id", head: () => "ACK\nmessage-id:" },
};

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class StompBenchClient implements BenchClient {
  scanner: Scanner;
  server = "";
  ack: AckForm | undefined;
  beatMs = 0;
  readonly connected: Promise<BenchClient>;

  readonly #options: ConnectBenchOptions;
  readonly #login = Promise.withResolvers<BenchClient>();
  readonly #link: Link;
  readonly #receipts = new Map<string, Waiting>();
  readonly #subscriptions: string[] = [];
  #version: Version = "1.0";
  #ids = 0;
  #over = false;

  constructor(options: ConnectBenchOptions) {
    this.#options = options;
    this.connected = this.#login.promise;
    this.#link = openLink(
      {
        ...options.address,
        subprotocols: VERSIONS.map((version) => `v${version.replace(".", "")}.stomp`).join(", "),
        kind: "text",
      },
      {
        opened: () => this.#greet(),
        data: (chunk) => {
          this.scanner.push(chunk);
          this.receive();
        },
        lost: (error) => this.#lose(error),
      },
    );
    this.scanner = new StompScanner(this.#link.pieces);
  }

  receive = (): void => {
    while (this.scanner.next()) this.control();
  };

  readonly control = (): void => {
    const frame = this.#frame();
    switch (frame.command) {
      case "CONNECTED":
        this.#onConnected(frame);
        return;
      case "RECEIPT": {
        const id = headerOf(frame.headers, "receipt-id") ?? "";
        this.#receipts.get(id)?.resolve();
        this.#receipts.delete(id);
        return;
      }
      case "ERROR":
        throw new BrokerError(frame.headers, frame.body);
      default:
        throw new StreamError(`sent ${JSON.stringify(frame.command.slice(0, 40))} unasked`);
    }
  };

  readonly wrap = (frame: string | Uint8Array): Uint8Array => this.#link.wrap(frame);
  readonly write = (bytes: Uint8Array, length: number): void => this.#link.write(bytes, length);
  readonly beat = (): void => this.#put(BEAT);
  readonly unescape = (value: string): string =>
    unescapeHeader(value, VERSION_RULES[this.#version]);

  readonly subscribe = async ({ destination, id, ack }: SubscribeBenchOptions): Promise<void> => {
    this.#subscriptions.push(id);
    const headers = ["id", id, "destination", destination, "ack", ack];
    await this.#request("SUBSCRIBE", headers);
  };

  readonly fence = async (): Promise<void> => {
    const ids = this.#subscriptions.splice(0);
    await Promise.all(ids.map((id) => this.#request("UNSUBSCRIBE", ["id", id])));
  };

  readonly cut = (): void => {
    this.#over = true;
    this.#link.cut();
  };

  #greet(): void {
    const { url, login = url.login, passcode = url.passcode, ...rest } = this.#options.address;
    const { host = url.host, heartBeatMs } = rest;
    const headers = [
      ...["accept-version", [...VERSIONS].reverse().join(","), "host", host],
      ...(login === undefined ? [] : ["login", login]),
      ...(passcode === undefined ? [] : ["passcode", passcode]),
      ...["heart-beat", `${heartBeatMs},${heartBeatMs}`],
    ];
    // CONNECT is never escaped (STOMP 1.2 "Value Encoding").
    this.#put(encodeFrame("CONNECT", headers, { version: "1.0", escape: false }));
  }

  #onConnected({ headers }: Frame): void {
    const named = headerOf(headers, "version") ?? "1.0";
    this.#version = VERSIONS.find((version) => version === named) ?? "1.0";
    this.server = headerOf(headers, "server") ?? "";
    this.ack = ACK_FORMS[VERSION_RULES[this.#version].ackBy];
    this.beatMs = agreeBeats(
      this.#options.address.heartBeatMs,
      headerOf(headers, "heart-beat"),
    ).sendMs;
    this.#login.resolve(this);
  }

  #frame(): Frame {
    const { bytes, start, end } = this.scanner;
    const decoder = new Decoder(LIMITS);
    decoder.rules = VERSION_RULES[this.#version];
    decoder.push(bytes.slice(start, end + 1));
    const frame = decoder.next();
    if (frame === undefined) throw new StreamError("sent a frame that does not end");
    return frame;
  }

  /** Settles when it has been carried out, and all that the connection was to get before has come. */
  #request(command: string, headers: readonly string[]): Promise<void> {
    if (confirmsSubscriptions(this.server)) return this.#confirmed(command, headers);
    this.#put(String(encodeClientFrame(command, headers, { version: this.#version })));
    return this.#confirmed("SEND", ["destination", NOWHERE]);
  }

  #confirmed(command: string, headers: readonly string[]): Promise<void> {
    const receipt = `r${++this.#ids}`;
    return new Promise((resolve, reject) => {
      this.#receipts.set(receipt, { resolve, reject });
      const all = [...headers, "receipt", receipt];
      this.#put(String(encodeClientFrame(command, all, { version: this.#version })));
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
    // Before CONNECTED a refusal by the broker, too, is a connection that did not come about.
    const told =
      error instanceof ClientError
        ? error
        : new ConnectError("no-stomp", `Cannot connect to ${shown}: ${error.message}`);
    this.#login.reject(told);
    for (const { reject } of this.#receipts.values()) reject(told);
    this.#receipts.clear();
    this.#login.promise.then(
      () => this.#options.lost(told),
      () => undefined,
    );
  }
}
