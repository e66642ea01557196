/** Tells when files of a folder have changed. */

import { type FSWatcher, fstatSync, watch as systemWatch } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { quote } from "../fault.ts";
import type { Observe } from "../observe/events.ts";
import type { Runtime } from "../runtime.ts";

/** What {@link watchFolder} needs. */
export interface FolderWatchOptions {
  readonly every: Runtime["every"];
  readonly observe: Observe;
  /**
   * Called once a burst of changes is over, with the paths that changed, below
   * the folder and with slashes; undefined when it may be any.
   */
  readonly changed: (paths: readonly string[] | undefined) => void;
  /** The file system's own notices; tests give others. Throws where it cannot watch. */
  readonly watch?: (
    path: string,
    options: { readonly recursive: true },
    listener: (event: string, name: string | null | undefined) => void,
  ) => FSWatcher;
}

const TICK_MS = 50;
/** A burst is over after so many ticks without a notice, and at the latest after so many in all. */
const REST_TICKS = 2;
const BURST_TICKS_MAX = 40;
/** The folder itself may be replaced, also by the target of a link: looked at so often. */
const ROOT_TICKS = 5;
/** Paths of one burst that are told apart. */
const PATHS_MAX = 1_000;
/** Without notices every file is looked at, so many at most. */
const FILES_MAX = 20_000;
/** The pause between two looks, and how many times longer than a look it is at least. */
const LOOK_TICKS = 20;
const PAUSE_SHARE = 10;

/**
 * Watches a folder with everything in it but what begins with a dot, until the
 * returned function is called; it watches when that is there. Listens to the
 * notices of the file system; where there are none to be had (their number is
 * limited) it looks at the files themselves, and says so. The folder may go,
 * come back, or be swapped under a link.
 */
export async function watchFolder(
  folder: string,
  options: FolderWatchOptions,
): Promise<() => void> {
  const watch = new FolderWatch(folder, options);
  await watch.lookAtRoot();
  const stopTicks = options.every(TICK_MS, () => watch.tick());
  return () => {
    stopTicks();
    watch.stop();
  };
}

class FolderWatch {
  readonly #folder: string;
  readonly #options: FolderWatchOptions;
  #watcher: FSWatcher | undefined;
  /** Which folder is watched: distinguishes one from another in its place; undefined for none. */
  #identity: string | undefined;
  #ticks = 0;
  /** Paths of the burst that goes on, and how often each came or went; undefined when too many. */
  #paths: Map<string, number> | undefined = new Map();
  #inBurst = false;
  #burstTicks = 0;
  #restTicks = 0;
  #looksAtRoot = false;
  /** Whether there are no notices to be had. */
  #polls = false;
  #looksAtFiles = false;
  #lookAgainAtTick = 0;
  /** Files and when each was changed, as last looked at. */
  #seen: ReadonlyMap<string, string> | undefined;
  #stopped = false;

  constructor(folder: string, options: FolderWatchOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  stop(): void {
    this.#stopped = true;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  async tick(): Promise<void> {
    const done: Promise<void>[] = [];
    if (this.#inBurst) done.push(this.#rest());
    if (++this.#ticks % ROOT_TICKS === 0) done.push(this.lookAtRoot());
    if (this.#polls && this.#ticks >= this.#lookAgainAtTick) done.push(this.#lookAtFiles());
    await Promise.all(done);
  }

  /** Watches the folder that is there now, if it is another than before. */
  async lookAtRoot(): Promise<void> {
    if (this.#looksAtRoot || this.#stopped) return;
    this.#looksAtRoot = true;
    const [path, identity] = await identityOf(this.#folder);
    this.#looksAtRoot = false;
    if (this.#stopped || identity === this.#identity) return;
    this.#identity = identity;
    this.#watcher?.close();
    this.#watcher = undefined;
    // Before the first tick nobody has seen anything of it yet.
    if (this.#ticks > 0) this.#note(undefined, false);
    if (path === undefined) return;
    if (!this.#polls) this.#listen(path);
    if (this.#polls && this.#seen === undefined) await this.#lookAtFiles();
  }

  async #rest(): Promise<void> {
    this.#burstTicks++;
    if (++this.#restTicks <= REST_TICKS && this.#burstTicks < BURST_TICKS_MAX) return;
    const paths = this.#paths;
    this.#paths = new Map();
    this.#inBurst = false;
    const lasting = paths === undefined ? undefined : await this.#withoutPassing(paths);
    if (!this.#stopped && lasting?.length !== 0) this.#options.changed(lasting);
  }

  /**
   * The paths that matter. Editors write beside a file and rename: what came and
   * went within the burst is nothing new. Nor is what this process itself says,
   * should it be written into the folder: pages that reload would make it say more.
   */
  async #withoutPassing(paths: ReadonlyMap<string, number>): Promise<readonly string[]> {
    const outputs = ownOutputs();
    const lasting: string[] = [];
    for (const [path, moves] of paths) {
      const stats = await stat(join(this.#folder, path)).catch(() => undefined);
      const matters = stats === undefined ? moves < 2 : !outputs.has(`${stats.dev} ${stats.ino}`);
      if (matters) lasting.push(path);
    }
    return lasting;
  }

  /** Something changed: at `path`, or nobody can say where. */
  #note(path: string | undefined, isMove: boolean): void {
    if (path !== undefined && path.split("/").some((name) => name.startsWith("."))) return;
    if (!this.#inBurst) this.#burstTicks = 0;
    this.#inBurst = true;
    this.#restTicks = 0;
    const paths = this.#paths;
    if (path === undefined || paths === undefined || paths.size >= PATHS_MAX) {
      this.#paths = undefined;
    } else {
      paths.set(path, (paths.get(path) ?? 0) + (isMove ? 1 : 0));
    }
  }

  #listen(path: string): void {
    const { watch = systemWatch } = this.#options;
    try {
      // What happens to the folder itself has no name.
      const watcher = watch(path, { recursive: true }, (event, name) => {
        this.#note(name?.replaceAll("\\", "/"), event === "rename");
      });
      watcher.on("error", (error) => void this.#onError(error));
      this.#watcher = watcher;
    } catch (error) {
      // Gone in this very moment: it is looked for again.
      if (codeOf(error) === "ENOENT") this.#identity = undefined;
      else this.#giveUpListening(error);
    }
  }

  async #onError(error: unknown): Promise<void> {
    const [, identity] = await identityOf(this.#folder);
    // That it is gone is no reason to give up: it may come back.
    if (identity === undefined) this.#identity = undefined;
    else this.#giveUpListening(error);
  }

  #giveUpListening(error: unknown): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    if (this.#polls || this.#stopped) return;
    this.#polls = true;
    const reason = error instanceof Error ? error.message : String(error);
    const text = `Cannot watch ${quote(this.#folder)} by notices of the file system (${reason}): looking at its files about every second instead`;
    this.#options.observe({ type: "notice", text });
  }

  async #lookAtFiles(): Promise<void> {
    if (this.#looksAtFiles || this.#stopped) return;
    this.#looksAtFiles = true;
    const startedAt = this.#ticks;
    const before = this.#seen;
    const seen = await filesIn(this.#folder);
    this.#seen = seen;
    const tookTicks = this.#ticks - startedAt;
    this.#lookAgainAtTick = this.#ticks + Math.max(LOOK_TICKS, PAUSE_SHARE * tookTicks);
    this.#looksAtFiles = false;
    if (before === undefined) {
      // What changed since the notices ended nobody can say.
      if (this.#ticks > 0) this.#note(undefined, false);
      return;
    }
    for (const [path, mark] of seen) if (before.get(path) !== mark) this.#note(path, false);
    for (const path of before.keys()) if (!seen.has(path)) this.#note(path, false);
  }
}

/** The real path of a folder, and what distinguishes it from one that takes its place. */
async function identityOf(folder: string): Promise<readonly [path?: string, identity?: string]> {
  try {
    const path = await realpath(folder);
    const { dev, ino, birthtimeMs } = await stat(path);
    return [path, `${path} ${dev} ${ino} ${birthtimeMs}`];
  } catch {
    return [];
  }
}

/** The files that standard output and error go to. */
function ownOutputs(): ReadonlySet<string> {
  const outputs = new Set<string>();
  for (const descriptor of [1, 2]) {
    try {
      const stats = fstatSync(descriptor);
      if (stats.isFile()) outputs.add(`${stats.dev} ${stats.ino}`);
    } catch {
      // Closed: then it goes nowhere.
    }
  }
  return outputs;
}

/** The files of a folder and when each was changed, without what is hidden. */
async function filesIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const folders = [""];
  for (let inner = folders.pop(); inner !== undefined; inner = folders.pop()) {
    const entries = await readdir(join(folder, inner), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      const path = inner === "" ? entry.name : `${inner}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      if (entry.isDirectory() || files.size >= FILES_MAX) continue;
      const stats = await stat(join(folder, path)).catch(() => undefined);
      if (stats !== undefined) files.set(path, `${stats.mtimeMs} ${stats.size} ${stats.ino}`);
    }
  }
  return files;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
