import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonOf } from "../../src/cli/file_failure.ts";
import { readTextFile, TEXT_FILE_BYTES_MAX } from "../../src/cli/read_text_file.ts";

const folder = { path: "" };
beforeEach(() => {
  folder.path = mkdtempSync(join(tmpdir(), "stompbox-text-"));
});
afterEach(() => rmSync(folder.path, { recursive: true }));

const at = (name: string): string => join(folder.path, name);

/** Why a file cannot be read. */
function refusalOf(path: string): string {
  try {
    readTextFile(path);
  } catch (error) {
    return reasonOf(error);
  }
  return "It was read";
}

// Pipes and devices, over which a reader may wait for ever, are in watch_test.ts, in a process apart.
describe("a text file", () => {
  test.each(["", "two teas\n", "é€😀".repeat(50_000)])("is read whole", (text) => {
    writeFileSync(at("a"), text);
    expect(readTextFile(at("a"))).toBe(text);
  });

  test("has so many bytes at most", () => {
    writeFileSync(at("a"), "x".repeat(TEXT_FILE_BYTES_MAX));
    expect(readTextFile(at("a"))).toHaveLength(TEXT_FILE_BYTES_MAX);
    truncateSync(at("a"), TEXT_FILE_BYTES_MAX + 1);
    expect(refusalOf(at("a"))).toBe("it has more than 1 MiB, the most there may be");
  });

  test("is no folder, and is there", () => {
    expect(refusalOf(folder.path)).toBe("it is a folder, expected a regular file");
    expect(refusalOf(at("none"))).toBe("there is no such file");
  });

  test.skipIf(process.platform !== "linux")("may be one whose size nobody knows before", () => {
    expect(readTextFile("/proc/self/limits")).toContain("Max open files");
  });
});
