import { REFUSALS, type FaultCode } from "../../src/fault.ts";
import type { Closed, Line, LineEvents, Transport } from "./line.ts";
import { parseFrame, type ReceivedFrame, type Version } from "./received_frame.ts";
import { seededRandom } from "./seeded_random.ts";

/** How a peer's input reaches the broker: in one piece, a byte at a time, cut anywhere. */
export type Cut = "whole" | "bytes" | "random";

/** Headers of a frame to send: names and values in order, repeats allowed, undefined left out. */
export type HeaderInit =
  | Readonly<Record<string, string | number | undefined>>
  | readonly (readonly [name: string, value: string])[];

/** What a received header must be: a value, a pattern, or undefined for "not there". */
export type Expected = Readonly<Record<string, string | RegExp | undefined>>;

/** A client of the broker that sends what it is told, byte for byte. */
export interface RawPeer {
  readonly transport: Transport;
  /** The version whose escapes are used; set by the CONNECTED that arrives. */
  readonly version: Version;
  /** Sub-protocol that the broker chose; only over WebSocket. */
  readonly protocol: string | undefined;
  readonly line: Line;
  /** Lone line feeds received so far. */
  readonly beats: number;
  /** Frames received and not yet taken. */
  readonly waiting: readonly ReceivedFrame[];
  /** Sends exactly this; a string is text, bytes are binary. */
  send(data: string | Uint8Array, options?: { cut?: Cut }): void;
  /** Sends a frame with its headers escaped by the session's version. */
  frame(command: string, headers?: HeaderInit, body?: string): void;
  /** The next frame. */
  next(): Promise<ReceivedFrame>;
  /** The next frame, which must be this one. */
  expect(command: string, headers?: Expected, body?: string): Promise<ReceivedFrame>;
  /** The first frame of that kind among those received, leaving the others; waits for it. */
  take(command: string, headers?: Expected): Promise<ReceivedFrame>;
  /** Resolves at a lone line feed that has not been counted by an earlier call. */
  beat(): Promise<void>;
  /** How the broker ended the connection; waits for it. */
  closed(): Promise<Closed>;
  /** The ERROR that must come next, its required headers, and then the end of the connection. */
  refused(code: FaultCode, headers?: Expected): Promise<ReceivedFrame>;
  /** Proves by round trips that no frame is under way to this peer, and that it is connected. */
  silent(): Promise<void>;
  /** Sends a frame with a receipt and takes the RECEIPT. */
  done(command: string, headers?: Readonly<Record<string, string>>, body?: string): Promise<void>;
}

/** How a peer waits. */
export interface PeerOptions {
  readonly cut: Cut;
  readonly seed: number;
  /** Bound of every wait, in ms. */
  readonly waitMs?: number;
  readonly protocol?: string;
  /**
   * For a broker without sockets: lets it do all that is at hand. After it,
   * what has not arrived will never arrive, and waiting fails at once.
   */
  readonly settle?: () => Promise<void>;
  /** The same, at once, between two pieces of input. */
  readonly pump?: () => void;
}

const ESCAPED: Readonly<Record<Version, RegExp>> = {
  "1.0": /(?!)/g,
  "1.1": /[\\\n:]/g,
  "1.2": /[\\\n:\r]/g,
};
const LETTERS: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  ":": "\\c",
  "\r": "\\r",
};

/** A header name or value as a client of that version writes it. */
export function escapeField(text: string, version: Version): string {
  return text.replace(ESCAPED[version], (character) => LETTERS[character] ?? character);
}

/** The text of a frame; no `content-length` is added. */
export function frameText(
  command: string,
  headers: HeaderInit = {},
  options: { body?: string; version?: Version } = {},
): string {
  const version = options.version ?? "1.0";
  const pairs: (readonly [string, string | number | undefined])[] = Array.isArray(headers)
    ? [...headers]
    : Object.entries(headers);
  const lines = pairs
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${escapeField(name, version)}:${escapeField(`${value}`, version)}\n`);
  return `${command}\n${lines.join("")}\n${options.body ?? ""}\0`;
}

function shown(frame: ReceivedFrame): string {
  const text = frame.text.length > 200 ? `${frame.text.slice(0, 200)}…` : frame.text;
  return [frame.command, ...frame.lines, "", text].map((line) => JSON.stringify(line)).join(" ");
}

function mismatch(frame: ReceivedFrame, command: string, headers: Expected): string | null {
  if (frame.command !== command) return `command ${frame.command} instead of ${command}`;
  for (const [name, expected] of Object.entries(headers)) {
    const value = frame.get(name);
    const right =
      expected instanceof RegExp ? value !== undefined && expected.test(value) : value === expected;
    if (!right) return `header "${name}" is ${JSON.stringify(value)} instead of ${expected}`;
  }
  return null;
}

function pieces(
  data: string | Uint8Array,
  cut: Cut,
  random: () => number,
): (string | Uint8Array)[] {
  if (cut === "whole") return [data];
  // A text message must hold whole characters.
  const units = typeof data === "string" ? Array.from(data) : data;
  const cutAll: (string | Uint8Array)[] = [];
  for (let at = 0; at < units.length;) {
    const size = cut === "bytes" ? 1 : 1 + Math.floor(random() * Math.max(1, units.length / 3));
    const piece = units.slice(at, at + size);
    cutAll.push(piece instanceof Uint8Array ? piece : piece.join(""));
    at += size;
  }
  return cutAll;
}

/** A peer on the line that `open` opens with the events it is given. */
export async function openPeer(
  open: (events: LineEvents) => Promise<{ line: Line; protocol?: string | undefined }>,
  options: PeerOptions,
): Promise<RawPeer> {
  const waitMs = options.waitMs ?? 5_000;
  const random = seededRandom(options.seed);
  const encoder = new TextEncoder();
  const waiting: ReceivedFrame[] = [];
  const history: string[] = [];
  let version: Version = "1.0";
  let beats = 0;
  let beatsTaken = 0;
  let receipts = 0;
  let ended: Closed | null = null;
  let broken: Error | null = null;
  let stream: Uint8Array = new Uint8Array(0);
  let wakers: (() => void)[] = [];

  const wake = (): void => {
    const woken = wakers;
    wakers = [];
    for (const waker of woken) waker();
  };
  const arrived = (frame: ReceivedFrame): void => {
    const named = frame.get("version");
    if (frame.command === "CONNECTED" && (named === "1.1" || named === "1.2")) version = named;
    waiting.push(frame);
    history.push(shown(frame));
  };
  const onMessage = (data: string | Uint8Array): void => {
    if (data === "\n") {
      beats++;
      history.push("(beat)");
      return;
    }
    const binary = typeof data !== "string";
    const bytes = binary ? data : encoder.encode(data);
    const parsed = parseFrame(bytes, { version, binary });
    if (parsed === null || parsed.length !== bytes.length) {
      throw new Error(`A message is not one whole frame: ${JSON.stringify(`${data}`)}`);
    }
    if (binary && isUtf8(bytes)) throw new Error("A frame of valid UTF-8 came as binary");
    arrived(parsed.frame);
  };
  const onStream = (bytes: Uint8Array): void => {
    stream = Buffer.concat([stream, bytes]);
    for (;;) {
      if (stream[0] === 10) {
        beats++;
        history.push("(beat)");
        stream = stream.subarray(1);
        continue;
      }
      const parsed = parseFrame(stream, { version, binary: true });
      if (parsed === null) return;
      arrived(parsed.frame);
      stream = stream.subarray(parsed.length);
    }
  };
  const { line, protocol } = await open({
    data: (data) => {
      try {
        if (typeof data !== "string" && line.transport === "tcp") onStream(data);
        else onMessage(data);
      } catch (error) {
        broken ??= error instanceof Error ? error : new Error(String(error));
      }
      wake();
    },
    closed: (how) => {
      ended = how;
      history.push(`(closed ${JSON.stringify(how)})`);
      wake();
    },
  });

  const failure = (what: string): Error =>
    new Error(
      `${what}; seen so far (${line.transport}, seed ${options.seed}):\n  ${history.slice(-40).join("\n  ")}`,
    );
  /** What `look` finds, as soon as it finds something. */
  const found = async <T>(what: string, look: () => T | null): Promise<T> => {
    const deadline = performance.now() + waitMs;
    for (;;) {
      if (broken !== null) throw failure(broken.message);
      const seen = look();
      if (seen !== null) return seen;
      if (options.settle !== undefined) {
        await options.settle();
        const settled = look();
        if (settled !== null) return settled;
        throw failure(broken === null ? `No ${what} comes` : String(broken));
      }
      if (ended !== null) throw failure(`The connection ended without ${what}`);
      const left = deadline - performance.now();
      if (left <= 0) throw failure(`No ${what} within ${waitMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wakers.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  };

  const peer: RawPeer = {
    transport: line.transport,
    line,
    protocol,
    waiting,
    get version() {
      return version;
    },
    get beats() {
      return beats;
    },
    send: (data, { cut = options.cut } = {}) => {
      for (const piece of pieces(data, cut, random)) {
        line.send(piece);
        if (cut === "bytes") options.pump?.();
      }
      options.pump?.();
    },
    frame: (command, headers = {}, body = "") => {
      const connecting = command === "CONNECT" || command === "STOMP";
      peer.send(frameText(command, headers, { body, version: connecting ? "1.0" : version }));
    },
    next: () => found("frame", () => waiting.shift() ?? null),
    expect: async (command, headers = {}, body) => {
      const frame = await found(
        `${command} ${Bun.inspect(headers)}`,
        () => waiting.shift() ?? null,
      );
      const wrong = mismatch(frame, command, headers);
      if (wrong !== null) throw failure(`Received ${wrong}`);
      if (body !== undefined && frame.text !== body) {
        throw failure(`Received body ${JSON.stringify(frame.text)}, not ${JSON.stringify(body)}`);
      }
      return frame;
    },
    take: (command, headers = {}) =>
      found(`${command} ${Bun.inspect(headers)}`, () => {
        const at = waiting.findIndex((frame) => mismatch(frame, command, headers) === null);
        return at < 0 ? null : (waiting.splice(at, 1)[0] ?? null);
      }),
    beat: async () => {
      await found("beat", () => (beats > beatsTaken ? true : null));
      beatsTaken++;
    },
    closed: () => found("end of the connection", () => ended),
    refused: async (code, headers = {}) => {
      const { retry, close } = REFUSALS[code];
      const frame = await peer.take("ERROR", {
        code,
        message: /./,
        version: /./,
        retry: retry === false ? "false" : undefined,
        "retry-after": typeof retry === "number" ? `${retry}` : undefined,
        "content-length": /^\d+$/,
        ...headers,
      });
      if (frame.text.trim() === "") throw failure(`The ERROR ${code} has no body`);
      const how = await peer.closed();
      if (how.code === 1006 || !how.clean) throw failure("The broker cut the line after ERROR");
      if (line.transport !== "tcp" && how.code !== close) {
        throw failure(`Closed with ${how.code} instead of ${close}`);
      }
      if (waiting.some((other) => other.command === "ERROR")) throw failure("A second ERROR came");
      return frame;
    },
    done: async (command, headers = {}, body = "") => {
      const receipt = `done-${++receipts}`;
      peer.frame(command, { ...headers, receipt }, body);
      await peer.take("RECEIPT", { "receipt-id": receipt });
    },
    silent: async () => {
      // Twice, so that what the first round trip's turn set in motion has come as well.
      for (let round = 0; round < 2; round++) {
        const transaction = `silent-${++receipts}`;
        peer.frame("BEGIN", { transaction, receipt: `${transaction}-begin` });
        peer.frame("ABORT", { transaction, receipt: `${transaction}-abort` });
        await peer.expect("RECEIPT", { "receipt-id": `${transaction}-begin` });
        await peer.expect("RECEIPT", { "receipt-id": `${transaction}-abort` });
      }
    },
  };
  return peer;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
