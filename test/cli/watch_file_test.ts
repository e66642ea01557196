import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchFile } from "../../src/cli/watch_file.ts";

const folder = { path: "" };
beforeEach(() => {
  folder.path = mkdtempSync(join(tmpdir(), "stompbox-watch-file-"));
});
afterEach(() => rmSync(folder.path, { recursive: true }));

const at = (...names: readonly string[]): string => join(folder.path, ...names);

/** Watches a file, looking at it when told, and knows what it is at first. */
async function watching(path: string) {
  const looks: (() => void)[] = [];
  const seen = { changes: 0, stopped: false };
  const stop = watchFile(path, {
    every: (_periodMs, task) => {
      looks.push(task);
      return () => void (seen.stopped = true);
    },
    changed: () => void seen.changes++,
  });
  /** Has it look so often; answers how many changes it has told meanwhile. */
  const look = async (times: number): Promise<number> => {
    const before = seen.changes;
    for (let count = 0; count < times; count++) for (const each of looks) await each();
    return seen.changes - before;
  };
  expect(await look(12)).toBe(1);
  return { look, stop, seen };
}

/** Replaces a link as a deployment does: there is one at every moment. */
function relink(target: string, path: string): void {
  symlinkSync(target, `${path}.new`);
  renameSync(`${path}.new`, path);
}

describe("a file", () => {
  test("that stays as it is is told once, for what it is at first", async () => {
    writeFileSync(at("a"), "1");
    const { look, seen } = await watching(at("a"));
    expect(await look(50)).toBe(0);
    expect(seen.changes).toBe(1);
  });

  const changes: readonly (readonly [string, () => void])[] = [
    ["is written to", () => writeFileSync(at("a"), "22")],
    ["gets another content of the same length", () => writeFileSync(at("a"), "2")],
    [
      "is replaced by another of its name",
      () => {
        writeFileSync(at("b"), "1");
        renameSync(at("b"), at("a"));
      },
    ],
    [
      "is renamed away and written anew, as editors do",
      () => {
        renameSync(at("a"), at("a~"));
        writeFileSync(at("a"), "1");
        unlinkSync(at("a~"));
      },
    ],
    ["is given another time", () => utimesSync(at("a"), 1, 1)],
  ];
  test.each(changes)("that %s has changed, once", async (_what, change) => {
    writeFileSync(at("a"), "1");
    utimesSync(at("a"), 1_000, 1_000);
    const { look } = await watching(at("a"));
    change();
    expect(await look(50)).toBe(1);
  });

  test("that is still being written to has not changed yet", async () => {
    writeFileSync(at("a"), "");
    const { look } = await watching(at("a"));
    for (let length = 1; length < 20; length++) {
      writeFileSync(at("a"), "x".repeat(length));
      expect(await look(1)).toBe(0);
    }
    expect(await look(1)).toBe(1);
  });

  test("that is gone for a moment is told once, when it is back", async () => {
    writeFileSync(at("a"), "1");
    const { look } = await watching(at("a"));
    renameSync(at("a"), at("b"));
    expect(await look(9)).toBe(0);
    renameSync(at("b"), at("a"));
    expect(await look(50)).toBe(1);
  });

  test("that stays away has changed, and again when it is back", async () => {
    writeFileSync(at("a"), "1");
    const { look } = await watching(at("a"));
    rmSync(at("a"));
    expect(await look(9)).toBe(0);
    expect(await look(50)).toBe(1);
    writeFileSync(at("a"), "2");
    expect(await look(50)).toBe(1);
  });

  test("that is not looked at any more tells nothing", async () => {
    writeFileSync(at("a"), "1");
    const { stop, seen } = await watching(at("a"));
    stop();
    expect(seen.stopped).toBe(true);
  });
});

describe.skipIf(process.platform === "win32")("a link", () => {
  test("that leads to another file has changed", async () => {
    writeFileSync(at("one"), "1");
    writeFileSync(at("two"), "1");
    symlinkSync("one", at("a"));
    const { look } = await watching(at("a"));
    relink("two", at("a"));
    expect(await look(50)).toBe(1);
  });

  test("whose target is written to has changed", async () => {
    mkdirSync(at("elsewhere"));
    writeFileSync(at("elsewhere", "one"), "1");
    symlinkSync(join("elsewhere", "one"), at("a"));
    const { look } = await watching(at("a"));
    writeFileSync(at("elsewhere", "one"), "22");
    expect(await look(50)).toBe(1);
  });

  test("through a link that is swapped, as Kubernetes does with its volumes, has changed", async () => {
    for (const [version, text] of [
      ["..1", "1"],
      ["..2", "2"],
    ] as const) {
      mkdirSync(at(version));
      writeFileSync(at(version, "a.toml"), text);
    }
    symlinkSync("..1", at("..data"));
    symlinkSync(join("..data", "a.toml"), at("a.toml"));
    const { look } = await watching(at("a.toml"));
    relink("..2", at("..data"));
    rmSync(at("..1"), { recursive: true });
    expect(await look(50)).toBe(1);
  });
});
