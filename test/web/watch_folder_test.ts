import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { BrokerEvent } from "../../src/observe/events.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { type FolderWatchOptions, watchFolder } from "../../src/web/watch_folder.ts";

const folder = { path: "" };
const watches = new Set<() => void>();
beforeEach(() => {
  folder.path = mkdtempSync(join(tmpdir(), "stompbox-watch-folder-"));
  mkdirSync(at("site", "inner"), { recursive: true });
  writeFileSync(at("site", "index.html"), "1");
  writeFileSync(at("site", "style.css"), "1");
});
afterEach(() => {
  for (const stop of watches) stop();
  watches.clear();
  rmSync(folder.path, { recursive: true });
});

const at = (...names: readonly string[]): string => join(folder.path, ...names);

type Watch = NonNullable<FolderWatchOptions["watch"]>;
type Told = readonly string[] | undefined;

/** What a watch tells, in the order in which it does. */
async function watching(path: string, options: { readonly watch?: Watch } = {}) {
  const told: Told[] = [];
  const events: BrokerEvent[] = [];
  let wake = (): void => {};
  const stop = await watchFolder(path, {
    every: (periodMs, task) => systemRuntime.every(options.watch ? 5 : periodMs, task),
    observe: (event) => events.push(event),
    changed: (paths) => {
      told.push(paths);
      wake();
    },
    ...options,
  });
  watches.add(stop);
  /** The next it tells. */
  const next = async (): Promise<Told> => {
    while (told.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return told.shift();
  };
  return { next, told, events, stop };
}

/** The file system's notices, and whoever listens to them. */
function listening(listens: (watcher: FSWatcher) => void): Watch {
  return (path, options, listener) => {
    const watcher = watch(path, options, listener);
    listens(watcher);
    return watcher;
  };
}

/** A file system that gives no notices. */
const noNotices: Watch = () => {
  throw Object.assign(new Error("ENOSPC: no space left on device, watch"), { code: "ENOSPC" });
};

describe.each([
  ["by notices", {}],
  ["by looking", { watch: noNotices }],
] as const)("a folder that is watched %s", (_how, options) => {
  const changes: readonly (readonly [string, () => void, readonly string[]])[] = [
    [
      "a file that is written to",
      () => writeFileSync(at("site", "index.html"), "22"),
      ["index.html"],
    ],
    ["a new file", () => writeFileSync(at("site", "new.js"), "1"), ["new.js"]],
    ["a file that goes", () => rmSync(at("site", "style.css")), ["style.css"]],
    [
      "a file further down",
      () => writeFileSync(at("site", "inner", "a.css"), "1"),
      ["inner/a.css"],
    ],
    [
      "a file that another takes the place of",
      () => {
        writeFileSync(at("site", "style.css.tmp"), "2");
        renameSync(at("site", "style.css.tmp"), at("site", "style.css"));
      },
      ["style.css"],
    ],
    [
      "a file that an editor saves by renaming the old one",
      () => {
        writeFileSync(at("site", "4913"), "");
        unlinkSync(at("site", "4913"));
        renameSync(at("site", "style.css"), at("site", "style.css~"));
        writeFileSync(at("site", "style.css"), "22");
        unlinkSync(at("site", "style.css~"));
      },
      ["style.css"],
    ],
  ];
  test.each(changes)("tells of %s", async (_what, change, paths) => {
    const { next } = await watching(at("site"), options);
    change();
    expect(await next()).toEqual([...paths]);
  });

  test("tells nothing of what begins with a dot", async () => {
    const { next } = await watching(at("site"), options);
    mkdirSync(at("site", ".git"));
    writeFileSync(at("site", ".git", "index"), "1");
    writeFileSync(at("site", ".index.html.swp"), "1");
    writeFileSync(at("site", "index.html"), "22");
    expect(await next()).toEqual(["index.html"]);
  });

  test("that goes and comes back is watched as before", async () => {
    const { next } = await watching(at("site"), options);
    rmSync(at("site"), { recursive: true });
    await next();
    mkdirSync(at("site"));
    writeFileSync(at("site", "a.html"), "1");
    // That it is another folder may be told apart from what is in it.
    await next();
    await writeUntilTold(at("site", "b.html"), next);
  });

  test.skipIf(process.platform === "win32")("that is swapped under a link is another", async () => {
    mkdirSync(at("other"));
    symlinkSync("site", at("current"));
    const { next } = await watching(at("current"), options);
    symlinkSync("other", at("current.new"));
    renameSync(at("current.new"), at("current"));
    await next();
    await writeUntilTold(at("current", "b.html"), next);
  });
});

describe("a burst", () => {
  test("of 900 files is told once, with all their names", async () => {
    const { next, told } = await watching(at("site"));
    const names = Array.from({ length: 900 }, (_, count) => `${1_000 + count}.txt`);
    for (const name of names) writeFileSync(at("site", name), "1");
    expect([...((await next()) ?? [])].sort()).toEqual(names);
    // What comes next is not the rest of it.
    writeFileSync(at("site", "index.html"), "22");
    expect(await next()).toEqual(["index.html"]);
    expect(told).toEqual([]);
  });

  test("of more than 1,000 files is told once, without names", async () => {
    const { next, told } = await watching(at("site"));
    for (let count = 0; count < 1_500; count++) writeFileSync(at("site", `${count}.txt`), "1");
    expect(await next()).toBeUndefined();
    writeFileSync(at("site", "index.html"), "22");
    expect(await next()).toEqual(["index.html"]);
    expect(told).toEqual([]);
  });
});

describe("without notices of the file system", () => {
  test("the log says so, and why", async () => {
    const { events } = await watching(at("site"), { watch: noNotices });
    const text = `Cannot watch ${JSON.stringify(at("site"))} by notices of the file system (ENOSPC: no space left on device, watch): looking at its files about every second instead`;
    expect(events).toEqual([{ type: "notice", text }]);
  });

  test("any more, after a while with them, changes are told all the same", async () => {
    const watchers: FSWatcher[] = [];
    const { next, events } = await watching(at("site"), {
      watch: listening((watcher) => watchers.push(watcher)),
    });
    watchers[0]?.emit("error", new Error("EMFILE: too many open files"));
    await writeUntilTold(at("site", "b.html"), next);
    expect(events).toHaveLength(1);
  });
});

test("a watch that is stopped tells nothing more", async () => {
  const { told, stop } = await watching(at("site"));
  const { next } = await watching(at("site"));
  stop();
  writeFileSync(at("site", "index.html"), "22");
  await next();
  expect(told).toEqual([]);
});

/** Writes a file until it is told by its name, whatever is told of the folder before. */
async function writeUntilTold(path: string, next: () => Promise<Told>): Promise<void> {
  for (let count = 0; ; count++) {
    writeFileSync(path, "x".repeat(count));
    if ((await next())?.includes(basename(path)) === true) return;
  }
}
