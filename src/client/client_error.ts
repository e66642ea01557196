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

/** The broker sent ERROR: the connection is over. */
export class BrokerError extends ClientError {
  override readonly name = "BrokerError";
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string | Uint8Array;

  constructor(headers: readonly string[], body: string | Uint8Array) {
    const text = (typeof body === "string" ? body : "").trim();
    const title = headerOf(headers, "message") ?? "";
    const told = [title, text].filter((part) => part !== "").join(": ");
    super(told === "" ? "The broker sent ERROR and did not say why" : told);
    this.headers = headers;
    this.body = body;
  }

  /** The `code` header that some brokers send, stompbox among them. */
  get code(): string | undefined {
    return headerOf(this.headers, "code");
  }
}
