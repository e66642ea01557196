import { isUtf8 } from "node:buffer";
import { headerList } from "../broker/message.ts";
import { Fault, quote } from "../fault.ts";
import type { ConnectionContext } from "./connection_context.ts";
import { readSendHeaders, stampSend } from "./dialect.ts";
import { Session } from "./session.ts";

/** A message of someone who has no connection. */
export interface LoneMessage {
  readonly destination: string;
  /** Names and values in turn, unescaped, as in a SEND frame, without the destination. */
  readonly headers: readonly string[];
  /** Bytes that are valid UTF-8 are sent as a text. */
  readonly body: string | Uint8Array;
}

/** Sessions of those without a connection are named apart from those of connections. */
const TAG = "http";

/**
 * Publishes one message as a SEND frame would, for someone who has no
 * connection: HTTP clients and whoever looks after the broker. Resolves with
 * the message id once it is accepted.
 *
 * Rejects with the Fault that the frame would have met; a `reply-to` on a
 * temporary destination is one, since no reply could come back.
 */
export async function publishOnce(
  context: ConnectionContext,
  { destination, headers: givenHeaders, body: givenBody }: LoneMessage,
): Promise<string> {
  const { limits, runtime } = context;
  const headers = ["destination", destination, ...givenHeaders];
  if (headers.length > 2 * limits.headersMax) {
    throw new Fault("too-many-headers", `Cannot send: more than ${limits.headersMax} headers`);
  }
  checkLines(headers, limits.headerLineBytesMax);
  const read = readSendHeaders(headers);
  const arrivedAt = runtime.now();
  const { expiresAt, added } = stampSend(read, arrivedAt);
  const { persistent, priority, replyTo, retain } = read;
  if (replyTo !== undefined) {
    throw new Fault(
      "bad-destination",
      "Cannot send with a temporary reply-to over HTTP: a reply needs a connection to come back on",
    );
  }
  const body = textOr(givenBody);
  const length = String(typeof body === "string" ? Buffer.byteLength(body) : body.length);
  const kept = (read.kept ?? headers).filter((_text, at, all) => {
    const name = at % 2 === 0 ? all[at] : all[at - 1];
    return name !== "content-length";
  });
  const list = [...kept, ...added, "content-length", length];
  const accepted = Promise.withResolvers<void>();
  const session = new Session(NOBODY, context, { name: TAG, seesSystem: false });
  const message = session.publish(
    {
      destination,
      headers: headerList(list),
      body,
      persistent,
      priority,
      expiresAt,
      arrivedAt,
      replyTo,
      retain,
      transaction: undefined,
    },
    (fault) => (fault === undefined ? accepted.resolve() : accepted.reject(fault)),
  );
  await accepted.promise;
  return message?.id ?? "";
}

/** A body as messages have it: a string exactly if its bytes are valid UTF-8. */
function textOr(body: string | Uint8Array): string | Uint8Array {
  if (typeof body === "string" || !isUtf8(body)) return body;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
}

/** A header that no frame could have brought must not go out in one. @throws Fault `header-too-large` */
function checkLines(headers: readonly string[], bytesMax: number): void {
  for (let i = 0; i < headers.length; i += 2) {
    const bytes = Buffer.byteLength(headers[i] ?? "") + 1 + Buffer.byteLength(headers[i + 1] ?? "");
    if (bytes <= bytesMax) continue;
    const name = quote(headers[i] ?? "");
    throw new Fault(
      "header-too-large",
      `Cannot send: header ${name} makes a line of more than ${bytesMax} bytes`,
    );
  }
}

/** It has no subscriptions. */
const NOBODY = {
  receptive: false,
  hand: () => true,
  windowUsed: () => {},
  holdBack: () => {},
  subscribed: () => {},
  unsubscribed: () => {},
  takenOver: () => {},
};
