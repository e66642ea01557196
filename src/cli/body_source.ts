/** Where the bodies of messages come from: the command line, a file, standard input. */

import { isUtf8 } from "node:buffer";
import { reasonOf } from "./file_failure.ts";
import type { Terminal } from "./terminal.ts";

/** A body as it is sent: a string exactly if it is UTF-8. */
export type Body = string | Uint8Array;

/** What a command line says of bodies. */
export interface BodyWords {
  /** The operand; `-` is standard input. */
  readonly body?: string | undefined;
  readonly file?: string | undefined;
  /** Whether every line is a body. */
  readonly lines: boolean;
}

/** Input that cannot become a message; the message is a sentence for a person. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** Bytes of one body: no broker takes more, and a file without line ends must not fill the memory. */
const BODY_BYTES_MAX = 256 * 1024 ** 2;
const LF = 10;

/** Sentences about words that give no body, or two. */
export function bodyMistakes({ body, file }: BodyWords, { input }: Terminal): string[] {
  if (body !== undefined && file !== undefined) {
    return ["Cannot take the body from BODY and from --file: expected one of them"];
  }
  return body === undefined && file === undefined && input.isTerminal
    ? ["Cannot send without a body: expected BODY, --file FILE, or standard input from a pipe"]
    : [];
}

/**
 * The bodies, one after the other, or a sentence about a file that cannot be
 * opened. The bodies throw an InputError for what cannot be read, or is too
 * large.
 */
export function openBodies(words: BodyWords, terminal: Terminal): AsyncIterable<Body> | string {
  let chunks: AsyncIterable<Uint8Array>;
  try {
    chunks = openChunks(words, terminal);
  } catch (error) {
    return `Cannot read ${JSON.stringify(words.file)} as --file: ${reasonOf(error)}`;
  }
  return words.lines ? splitLines(chunks) : joined(chunks);
}

function openChunks({ body, file }: BodyWords, terminal: Terminal): AsyncIterable<Uint8Array> {
  if (file !== undefined) return readable(terminal.readChunks(file), JSON.stringify(file));
  if (body !== undefined && body !== "-") return once(Buffer.from(body, "utf8"));
  return readable(terminal.input.chunks(), "standard input");
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* readable(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw new InputError(`Cannot read ${name}: ${reasonOf(error)}`, { cause: error });
  }
}

async function* joined(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Body> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    pieces.push(chunk);
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw tooLarge("The body");
  }
  yield textOr(Buffer.concat(pieces));
}

async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Body> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  const take = (): Body => {
    const line = pieces.length === 1 ? (pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(pieces);
    pieces = [];
    length = 0;
    return textOr(line);
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      pieces.push(chunk.subarray(from, at));
      yield take();
      from = at + 1;
    }
    if (from < chunk.length) {
      pieces.push(chunk.subarray(from));
      length += chunk.length - from;
      if (length > BODY_BYTES_MAX) throw tooLarge("A line");
    }
  }
  if (pieces.length > 0) yield take();
}

function tooLarge(what: string): InputError {
  return new InputError(
    `${what} has more than ${BODY_BYTES_MAX / 1024 ** 2} MiB, the most there may be`,
  );
}

function textOr(bytes: Uint8Array): Body {
  return isUtf8(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8")
    : bytes;
}
