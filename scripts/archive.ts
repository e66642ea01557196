/** Archives of a few files in memory: tar (POSIX.1-1988 "ustar") and zip (APPNOTE 6.3). */

import { crc32, deflateRawSync } from "node:zlib";

/** One file of an archive. */
export interface ArchiveEntry {
  /** Relative, with forward slashes, at most 100 bytes of ASCII. */
  readonly name: string;
  readonly content: Uint8Array;
  readonly executable: boolean;
}

/** Seconds since the epoch that every entry carries, so that equal files make equal archives. */
export interface ArchiveOptions {
  readonly time: number;
}

const BLOCK = 512;

/** A tar archive, not compressed. */
export function tar(entries: readonly ArchiveEntry[], { time }: ArchiveOptions): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { name, content, executable } of entries) {
    if (name.length > 100) throw new Error(`Cannot archive "${name}": the name is too long`);
    const head = Buffer.alloc(BLOCK);
    const octal = (value: number, digits: number): string =>
      `${value.toString(8).padStart(digits, "0")}\0`;
    head.write(name, 0);
    head.write(octal(executable ? 0o755 : 0o644, 7), 100);
    head.write(octal(0, 7), 108);
    head.write(octal(0, 7), 116);
    head.write(octal(content.length, 11), 124);
    head.write(octal(time, 11), 136);
    // The checksum is taken with its own field blank.
    head.write("        ", 148);
    head.write("0", 156);
    head.write("ustar\x0000", 257);
    const sum = head.reduce((total, byte) => total + byte, 0);
    head.write(`${octal(sum, 6)} `, 148);
    parts.push(head, content, new Uint8Array((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
  return Buffer.concat([...parts, new Uint8Array(2 * BLOCK)]);
}

/** A zip archive, deflated. */
export function zip(entries: readonly ArchiveEntry[], { time }: ArchiveOptions): Uint8Array {
  const date = new Date(time * 1000);
  const dosDate =
    ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
  const dosTime =
    (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content, executable } of entries) {
    const packed = deflateRawSync(content);
    const nameBytes = Buffer.from(name);
    // What the local header and the directory have in common.
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt16LE(dosTime, 6);
    shared.writeUInt16LE(dosDate, 8);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), shared, nameBytes]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((executable ? 0o100755 : 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    // "Made by Unix", so that the permissions count.
    const madeBy = Buffer.from([20, 3]);
    directory.push(Buffer.from("PK\x01\x02"), madeBy, shared, tail, nameBytes);
    parts.push(local, packed);
    offset += local.length + packed.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(listing.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, listing, Buffer.from("PK\x05\x06"), end]);
}
