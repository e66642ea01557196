/** One connection of the load generator: bytes over TCP or WebSocket, with or without TLS. */

import type { BrokerUrl } from "../client/broker_url.ts";
import { ConnectError, ConnectionLost } from "../client/client_error.ts";
import { tlsOptions, type Trust } from "../client/client_wire.ts";
import { codeOf, connectFailure } from "../client/connect_failure.ts";
import { type Pieces, StreamError, TcpPieces, WsPieces } from "./pieces.ts";
import { wsFrame, type WsFrameKind } from "./ws_frame.ts";

/** What {@link openLink} takes. */
export interface LinkOptions {
  readonly url: BrokerUrl;
  readonly trust: Trust;
  /** Value of `Sec-WebSocket-Protocol`; empty for none. */
  readonly subprotocols: string;
  /** How frames go over WebSocket. */
  readonly kind: WsFrameKind;
}

/** What a link tells its owner. */
export interface LinkEvents {
  /** It is open, the WebSocket handshake done. */
  readonly opened: (link: Link) => void;
  /** The stream went on: push the chunk where the pieces are read. May throw. */
  readonly data: (chunk: Uint8Array) => void;
  /** It did not open, or is over without having been cut. Called at most once, the last call. */
  readonly lost: (error: Error) => void;
}

/** A link that is open. */
export interface Link {
  /** Where the frames of the other side are found. */
  readonly pieces: Pieces;
  /** A frame as it has to be written. */
  readonly wrap: (frame: string | Uint8Array) => Uint8Array;
  /** Writes the first bytes of `bytes`, which may be changed afterwards. */
  readonly write: (bytes: Uint8Array, length: number) => void;
  /** Ends at once, without a goodbye, and says nothing any more. */
  readonly cut: () => void;
}

const ANSWER_BYTES_MAX = 64 * 1024;
/** More than any window that makes sense, and what a rate that is too high runs into. */
const UNSENT_BYTES_MAX = 64 * 1024 ** 2;

/** What an upgrade needs: a nonce, and the answer to it (RFC 6455 section 4). */
const UPGRADE_KEY = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64");
const UPGRADE_ACCEPT = new Bun.CryptoHasher("sha1")
  .update(`${UPGRADE_KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
  .digest("base64");

/** Connects, and does the WebSocket handshake where there is one. */
export function openLink(options: LinkOptions, events: LinkEvents): Link {
  return new OpenLink(options, events);
}

/** One set of handlers for all links: the socket knows whose it is. */
const HANDLERS: Bun.SocketHandler<OpenLink> = {
  open: (socket) => socket.data.connected(socket),
  handshake: (socket, isTrusted, reason) => socket.data.trusted(isTrusted, reason),
  data: (socket, chunk) => socket.data.received(chunk),
  drain: (socket) => socket.data.drained(),
  end: (socket) => {
    socket.end();
  },
  error: (socket, error) => socket.data.failed(codeOf(error), { text: error.message }),
  close: (socket, error) => socket.data.closed(error),
};

/** The state of a socket is many small things that change together. */
class OpenLink implements Link {
  readonly pieces: Pieces;
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  #socket: Bun.Socket<OpenLink> | undefined;
  #state: "connecting" | "upgrading" | "open" | "over" = "connecting";
  /** What came of the answer to the upgrade. */
  #answer: Uint8Array = new Uint8Array(0);
  /** What the system did not take, in order. */
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #closeText = "was closed by the broker";

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.pieces =
      options.url.carrier === "tcp"
        ? new TcpPieces()
        : new WsPieces({
            ping: (payload) => {
              const pong = wsFrame(payload, "pong");
              this.write(pong, pong.length);
            },
            close: (text) => {
              this.#closeText = text;
            },
          });
    const { url, trust } = options;
    Bun.connect<OpenLink>({
      hostname: url.host,
      port: url.port,
      data: this,
      socket: HANDLERS,
      ...(url.tls ? { tls: tlsOptions(trust) } : {}),
    }).catch((error: unknown) => {
      const text = error instanceof Error ? error.message : "";
      this.failed(codeOf(error), { text, cause: error });
    });
  }

  readonly wrap = (frame: string | Uint8Array): Uint8Array => {
    const bytes = typeof frame === "string" ? Buffer.from(frame, "utf8") : frame;
    const { url, kind } = this.#options;
    return url.carrier === "tcp" ? bytes : wsFrame(bytes, kind);
  };

  readonly write = (bytes: Uint8Array, length: number): void => {
    if (this.#state !== "open") return;
    const isFree = this.#unsentBytes === 0;
    const taken = isFree ? Math.max(0, this.#socket?.write(bytes, 0, length) ?? 0) : 0;
    if (taken < length) this.#keep(bytes, { from: taken, to: length });
  };

  readonly cut = (): void => {
    this.#state = "over";
    this.#socket?.terminate();
  };

  connected(socket: Bun.Socket<OpenLink>): void {
    this.#socket = socket;
    socket.setNoDelay(true);
    const { url } = this.#options;
    if (this.#state === "over") socket.terminate();
    else if (!url.tls) this.#greet();
  }

  trusted(isTrusted: boolean, reason: Error | null): void {
    if (isTrusted) this.#greet();
    else {
      const text = reason?.message ?? "the TLS handshake failed";
      this.failed(codeOf(reason), { text, cause: reason });
    }
  }

  received(chunk: Uint8Array): void {
    if (this.#state === "open") this.#give(chunk);
    else if (this.#state === "upgrading") this.#readAnswer(chunk);
  }

  drained(): void {
    if (this.#unsentBytes === 0) return;
    const bytes = Buffer.concat(this.#unsent);
    const taken = Math.max(0, this.#socket?.write(bytes) ?? 0);
    this.#unsentBytes = bytes.length - taken;
    this.#unsent = taken < bytes.length ? [bytes.subarray(taken)] : [];
  }

  failed(code: string, { text, cause }: { readonly text: string; readonly cause?: unknown }): void {
    const { url } = this.#options;
    this.#lose(
      this.#state === "open"
        ? new ConnectionLost(`Lost the connection to ${url.shown}: it failed: ${text}`)
        : connectFailure(url, { code, text, cause }),
    );
  }

  closed(error: Error | undefined | null): void {
    const { shown } = this.#options.url;
    if (this.#state === "open") {
      const how = error instanceof Error ? `failed: ${error.message}` : this.#closeText;
      this.#lose(new ConnectionLost(`Lost the connection to ${shown}: it ${how}`));
    } else if (this.#state !== "over") {
      this.failed("", { text: "it ended while it was being opened" });
    }
  }

  #keep(bytes: Uint8Array, { from, to }: { readonly from: number; readonly to: number }): void {
    this.#unsentBytes += to - from;
    if (this.#unsentBytes <= UNSENT_BYTES_MAX) {
      this.#unsent.push(new Uint8Array(bytes.subarray(from, to)));
      return;
    }
    const { shown } = this.#options.url;
    const reason = `it does not read, ${UNSENT_BYTES_MAX >> 20} MiB wait for it`;
    this.#lose(new ConnectionLost(`Gave up the connection to ${shown}: ${reason}`));
  }

  #greet(): void {
    const { url, subprotocols } = this.#options;
    if (url.carrier === "tcp") {
      this.#accept();
      return;
    }
    this.#state = "upgrading";
    const host = url.host.includes(":") ? `[${url.host}]` : url.host;
    const request = [
      `GET ${url.path} HTTP/1.1`,
      `Host: ${host}:${url.port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${UPGRADE_KEY}`,
      ...(subprotocols === "" ? [] : [`Sec-WebSocket-Protocol: ${subprotocols}`]),
      "\r\n",
    ];
    this.#socket?.write(request.join("\r\n"));
  }

  #readAnswer(chunk: Uint8Array): void {
    const answer = Buffer.concat([this.#answer, chunk]);
    const end = answer.indexOf("\r\n\r\n");
    if (end < 0 && answer.length <= ANSWER_BYTES_MAX) {
      this.#answer = answer;
      return;
    }
    const head = answer.toString("latin1", 0, Math.max(end, 0));
    const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(head) ?? [];
    if (status !== "101" || !head.includes(UPGRADE_ACCEPT)) {
      this.#lose(this.#notUpgraded(status));
      return;
    }
    this.#answer = new Uint8Array(0);
    this.#accept();
    if (answer.length > end + 4) this.received(answer.subarray(end + 4));
  }

  #notUpgraded(status: string | undefined): ConnectError {
    const code = status === undefined ? undefined : Number(status);
    const what = code === undefined || code === 101 ? "no proper answer" : `HTTP status ${code}`;
    return new ConnectError(
      "upgrade",
      `Cannot connect to ${this.#options.url.shown}: it answers the WebSocket upgrade with ${what}, expected 101`,
      code === undefined ? {} : { status: code },
    );
  }

  #accept(): void {
    this.#state = "open";
    this.#events.opened(this);
  }

  #give(chunk: Uint8Array): void {
    try {
      this.#events.data(chunk);
    } catch (error) {
      const { shown } = this.#options.url;
      if (error instanceof StreamError) {
        this.#lose(
          new ConnectionLost(`Lost the connection to ${shown}: the broker ${error.message}`),
        );
      } else this.#lose(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #lose(error: Error): void {
    if (this.#state === "over") return;
    this.cut();
    this.#events.lost(error);
  }
}
