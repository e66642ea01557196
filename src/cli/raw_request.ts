/** One HTTP request, written by hand, and what comes back before anything makes sense of it. */

import { connect } from "node:net";
import type { Socket } from "node:net";
import { after } from "../client/after.ts";
import { connectTls } from "./doctor_tls.ts";
import { type Patient, stopwatch } from "./doctor_network.ts";

/** An answer. */
export interface RawAnswer {
  readonly status: number;
  readonly reason: string;
  /** By name in lower case; values of repeated ones with commas between them. */
  readonly headers: ReadonlyMap<string, string>;
  /** The beginning of the body, as text. */
  readonly body: string;
  /** How long it took, in ms. */
  readonly ms: number;
}

/** What became of a request. */
export type RawOutcome =
  | { readonly kind: "answer"; readonly answer: RawAnswer }
  /** Nothing came in time. */
  | { readonly kind: "silent"; readonly ms: number }
  /** The connection ended before an answer was there. */
  | { readonly kind: "ended"; readonly text: string }
  /** What came is no HTTP. */
  | { readonly kind: "no-http"; readonly received: string };

const ANSWER_MS = 5_000;
/** How long the beginning of a body may take once there is a head. */
const BODY_MS = 500;
const HEAD_BYTES_MAX = 64 * 1024;
const BODY_BYTES = 2_048;
const SHOWN = 60;
const SWITCHING = 101;

/** Sends a GET with these headers and waits for the answer. */
export async function rawRequest(
  patient: Patient,
  request: {
    readonly address: string;
    readonly path: string;
    readonly headers: readonly (readonly [name: string, value: string])[];
  },
): Promise<RawOutcome> {
  const { url, runtime } = patient;
  const { address, path, headers } = request;
  const elapsed = stopwatch();
  const ended = Promise.withResolvers<RawOutcome>();
  const socket: Socket = url.tls
    ? connectTls(patient, address)
    : connect({ host: address, port: url.port });
  let received = Buffer.alloc(0);
  const look = (isOver: boolean): void => {
    const outcome = readOutcome(received, { isOver, ms: elapsed() });
    if (outcome !== undefined) ended.resolve(outcome);
  };
  let forgetBody: (() => void) | undefined;
  const forget = after(runtime, {
    ms: ANSWER_MS,
    task: () => ended.resolve({ kind: "silent", ms: ANSWER_MS }),
  });
  socket.on(url.tls ? "secureConnect" : "connect", () => {
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    // As a URL has it: nothing in it ends the line.
    const { pathname, search } = new URL(path, "http://localhost");
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines}\r\n`);
  });
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    look(false);
    if (received.includes("\r\n\r\n")) {
      forgetBody ??= after(runtime, { ms: BODY_MS, task: () => look(true) });
    }
  });
  socket.on("end", () => look(true));
  socket.on("close", () => {
    look(true);
    ended.resolve({ kind: "ended", text: "the connection was closed" });
  });
  socket.on("error", (error) => ended.resolve({ kind: "ended", text: error.message }));
  try {
    return await ended.promise;
  } finally {
    forget();
    forgetBody?.();
    socket.destroy();
  }
}

/** What the bytes so far are; undefined if more are needed and may come. */
function readOutcome(
  bytes: Buffer,
  { isOver, ms }: { readonly isOver: boolean; readonly ms: number },
): RawOutcome | undefined {
  const text = bytes.toString("latin1");
  const begins = "HTTP/1.".startsWith(text.slice(0, 7)) && !(isOver && text.length < 7);
  if (text.length > 0 && !begins) {
    return { kind: "no-http", received: bytes.subarray(0, SHOWN).toString("utf8") };
  }
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) {
    return text.length > HEAD_BYTES_MAX
      ? { kind: "no-http", received: text.slice(0, SHOWN) }
      : undefined;
  }
  const [line = "", ...lines] = text.slice(0, end).split("\r\n");
  const [, status, reason = ""] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(line) ?? [];
  if (status === undefined) return { kind: "no-http", received: line.slice(0, SHOWN) };
  const headers = new Map<string, string>();
  for (const each of lines) {
    const colon = each.indexOf(":");
    const name = each.slice(0, colon).toLowerCase();
    const value = each.slice(colon + 1).trim();
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  const body = bytes.subarray(end + 4);
  const wanted = Math.min(Number(headers.get("content-length") ?? BODY_BYTES), BODY_BYTES);
  const isWhole = Number(status) === SWITCHING || isOver || !(body.length < wanted);
  if (!isWhole) return undefined;
  const shown = body.subarray(0, BODY_BYTES).toString("utf8");
  const answer = { status: Number(status), reason, headers, body: shown, ms };
  return { kind: "answer", answer };
}
