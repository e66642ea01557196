/** Reads a file that a person has written: a configuration, a certificate. */

import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";

/** The most that such a file may hold. */
export const TEXT_FILE_BYTES_MAX = 1024 ** 2;
const PIECE_BYTES = 64 * 1024;

/**
 * The text of a regular file, in bounded time and memory: pipes, devices and
 * folders are refused, and so is a file of more than
 * {@link TEXT_FILE_BYTES_MAX}.
 *
 * @throws Error with a message that says what is wrong, or what the file system throws
 */
export function readTextFile(path: string): string {
  expectFile(statSync(path));
  // Should a pipe have taken its place meanwhile, opening it must not wait for a writer. (Not known
  // on Windows, where undefined counts as 0.)
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    expectFile(fstatSync(file));
    const pieces: Uint8Array[] = [];
    // Not by the size that the system tells, which is 0 for all that is in /proc.
    for (let length = 0; ;) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      const count = readSync(file, piece);
      if (count === 0) return Buffer.concat(pieces).toString("utf8");
      length += count;
      if (length > TEXT_FILE_BYTES_MAX) throw tooLarge();
      pieces.push(piece.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
}

function expectFile(stats: Stats): void {
  if (stats.isFile()) {
    if (stats.size > TEXT_FILE_BYTES_MAX) throw tooLarge();
    return;
  }
  throw new Error(`it is a ${kindOf(stats)}, expected a regular file`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "folder";
  if (stats.isFIFO()) return "pipe";
  return stats.isSocket() ? "socket" : "device";
}

function tooLarge(): Error {
  return new Error(
    `it has more than ${TEXT_FILE_BYTES_MAX / 1024 ** 2} MiB, the most there may be`,
  );
}
