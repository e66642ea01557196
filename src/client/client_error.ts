/** Every way in which talking to a broker fails. */

import { headerOf } from "../protocol/frame.ts";

/** What a client rejects with; the message is a sentence for a person. */
export abstract class ClientError extends Error {}

/** Why a connection could not be opened. */
export type ConnectFailure =
  "refused" | "unknown-host" | "unreachable" | "tls" | "upgrade" | "timeout" | "no-stomp";

/** No connection, or no login, came about. */
export class ConnectError extends ClientError {
  override readonly name = "ConnectError";
  readonly failure: ConnectFailure;
  /** HTTP status of the answer to a WebSocket upgrade that was not accepted. */
  readonly status: number | undefined;

  constructor(
    failure: ConnectFailure,
    message: string,
    options: { readonly status?: number; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.failure = failure;
    this.status = options.status;
  }
}

/** The connection ended without being asked to. */
export class ConnectionLost extends ClientError {
  override readonly name = "ConnectionLost";
}

/** Something was asked of a client that it cannot do: it is over, or the version lacks it. */
export class MisuseError extends ClientError {
  override readonly name = "MisuseError";
}

/** Where an exception of Java came from, of no use to whoever sent the frame; ActiveMQ tells it in ERROR. */
const STACK_LINES = /(?:\r?\n[ \t]+(?:at [^\s(]+\([^\n]*\)|\.{3} \d+ [^\n]*))+/g;

/** The broker sent ERROR: the connection is over. */
export class BrokerError extends ClientError {
  override readonly name = "BrokerError";
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string | Uint8Array;

  constructor(headers: readonly string[], body: string | Uint8Array) {
    const text = (typeof body === "string" ? body : "").replace(STACK_LINES, "").trim();
    const title = headerOf(headers, "message") ?? "";
    // Some brokers say in the body again what the header says.
    const parts = text.includes(title) ? [text] : [title, text];
    const told = parts.filter((part) => part !== "").join(": ");
    super(told === "" ? "The broker sent ERROR and did not say why" : told);
    this.headers = headers;
    this.body = body;
  }

  /** The `code` header that some brokers send, stompbox among them. */
  get code(): string | undefined {
    return headerOf(this.headers, "code");
  }
}
