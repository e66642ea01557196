import { describe, expect, test } from "bun:test";
import { crc32, inflateRawSync } from "node:zlib";
import { type ArchiveEntry, tar, zip } from "../../scripts/archive.ts";

const time = 315_532_800;
const entries: readonly ArchiveEntry[] = [
  { name: "box/program", content: new Uint8Array(1000).fill(7), executable: true },
  { name: "box/README.md", content: Buffer.from("read me"), executable: false },
  { name: "box/exact", content: new Uint8Array(512), executable: false },
  { name: "box/empty", content: new Uint8Array(0), executable: false },
];

describe("a tar archive", () => {
  test("holds every file whole", async () => {
    const files = await new Bun.Archive(new Uint8Array(tar(entries, { time }))).files();
    expect([...files.keys()]).toEqual(entries.map(({ name }) => name));
    for (const { name, content } of entries) {
      expect(await files.get(name)?.bytes()).toEqual(new Uint8Array(content));
    }
  });

  test("says who may run what", () => {
    const bytes = Buffer.from(tar(entries, { time }));
    const modeOf = (name: string): string => {
      const start = bytes.indexOf(`${name}\0`);
      return bytes.toString("latin1", start + 100, start + 107);
    };
    expect([modeOf("box/program"), modeOf("box/README.md")]).toEqual(["0000755", "0000644"]);
  });

  test("refuses a name that does not fit", () => {
    const entry = { name: "x".repeat(101), content: new Uint8Array(0), executable: false };
    expect(() => tar([entry], { time })).toThrow("the name is too long");
  });
});

test("a zip archive's directory leads to every file, whole", () => {
  const bytes = Buffer.from(zip(entries, { time }));
  const end = bytes.length - 22;
  expect(bytes.toString("latin1", end, end + 4)).toBe("PK\x05\x06");
  expect(bytes.readUInt16LE(end + 10)).toBe(entries.length);
  let at = bytes.readUInt32LE(end + 16);
  for (const { name, content, executable } of entries) {
    expect(bytes.toString("latin1", at, at + 4)).toBe("PK\x01\x02");
    const [crc, packed, size] = [16, 20, 24].map((offset) => bytes.readUInt32LE(at + offset));
    const nameLength = bytes.readUInt16LE(at + 28);
    expect(bytes.toString("latin1", at + 46, at + 46 + nameLength)).toBe(name);
    expect(bytes.readUInt32LE(at + 38) >>> 16).toBe(executable ? 0o100755 : 0o100644);
    const local = bytes.readUInt32LE(at + 42);
    expect(bytes.toString("latin1", local, local + 4)).toBe("PK\x03\x04");
    const start = local + 30 + nameLength;
    const unpacked = inflateRawSync(bytes.subarray(start, start + (packed ?? 0)));
    expect(new Uint8Array(unpacked)).toEqual(new Uint8Array(content));
    expect([crc, size]).toEqual([crc32(content), content.length]);
    at += 46 + nameLength;
  }
  expect(at).toBe(end);
});

test("equal files make equal archives", () => {
  expect(tar(entries, { time })).toEqual(tar(entries, { time }));
  expect(zip(entries, { time })).toEqual(zip(entries, { time }));
});
