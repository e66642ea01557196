/** Reads the frames that cross a WebSocket, one way, for people to look at. */

/** A frame as it crossed. */
export interface WireFrame {
  readonly command: string;
  /** Unescaped, in the order they came. */
  readonly headers: readonly [name: string, value: string][];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What crosses a WebSocket. */
export type WireData = string | ArrayBuffer | Uint8Array;

/** Takes what crosses, in order, and answers the frames that are whole with it. */
export type WireReader = (data: WireData) => readonly WireFrame[];

const LF = 10;
const CR = 13;
const NUL = 0;
/** Beyond this a frame is not waited for: no more is read. */
const PENDING_MAX = 64 * 1024 * 1024;

/**
 * Makes a reader. `unescapes` says whether headers are escaped by now, which
 * depends on the version; CONNECT and CONNECTED never are.
 */
export function createWireReader(unescapes: () => boolean): WireReader {
  let pending: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  let isDeaf = false;
  return (data) => {
    if (isDeaf) return [];
    const bytes = joined(pending, bytesOf(data));
    const frames: WireFrame[] = [];
    let at = 0;
    for (;;) {
      // End-of-line octets between frames are heart-beats.
      while (bytes[at] === LF || bytes[at] === CR) at += 1;
      const read = readFrame(bytes.subarray(at), unescapes());
      if (read === undefined) break;
      frames.push(read.frame);
      at += read.length;
    }
    pending = bytes.slice(at);
    isDeaf = pending.length > PENDING_MAX;
    if (isDeaf) pending = new Uint8Array(0);
    return frames;
  };
}

function bytesOf(data: WireData): Uint8Array<ArrayBuffer> {
  if (typeof data === "string") return new TextEncoder().encode(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data);
}

function joined(
  first: Uint8Array<ArrayBuffer>,
  second: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (first.length === 0) return second;
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

/** The frame that the bytes begin with, and its length; undefined when it is not whole. */
function readFrame(
  bytes: Uint8Array<ArrayBuffer>,
  unescapes: boolean,
): { readonly frame: WireFrame; readonly length: number } | undefined {
  const bodyStart = endOfHead(bytes);
  if (bodyStart === undefined) return undefined;
  const lines = new TextDecoder("utf-8", { ignoreBOM: true })
    .decode(bytes.subarray(0, bodyStart))
    .split("\n")
    .map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  const command = lines[0] ?? "";
  const isEscaped = unescapes && !["CONNECT", "STOMP", "CONNECTED"].includes(command);
  const headers = lines.slice(1, -2).map((line): [string, string] => {
    const colon = line.indexOf(":");
    const [name, value] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1)];
    return isEscaped ? [unescaped(name), unescaped(value)] : [name, value];
  });
  const length = headers.find(([name]) => name === "content-length")?.[1];
  const bodyEnd =
    length !== undefined && /^\d{1,10}$/.test(length)
      ? bodyStart + Number(length)
      : bytes.indexOf(NUL, bodyStart);
  if (bodyEnd < 0 || bodyEnd >= bytes.length) return undefined;
  return {
    frame: { command, headers, body: bytes.slice(bodyStart, bodyEnd) },
    length: bodyEnd + 1,
  };
}

/** Where the body begins: behind the first empty line. */
function endOfHead(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return undefined;
}

function unescaped(text: string): string {
  return text.replace(/\\([rnc\\])/g, (_whole, letter: string) =>
    letter === "r" ? "\r" : letter === "n" ? "\n" : letter === "c" ? ":" : "\\",
  );
}
