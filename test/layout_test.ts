import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

/**
 * Holds the tree of src/ to the rules of ARCHITECTURE.md: who may import whom,
 * no cycle, nothing impure outside its room, no vendor's spelling outside the
 * one table of them.
 */

const SRC = join(import.meta.dir, "..", "src");

/** For each room, or file at the top, the rooms and files that it may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["cli"],
  "mod.ts": ["stompbox.ts", "config.ts", "config", "fault.ts", "runtime.ts", "observe"],
  "stompbox.ts": [
    ...["admin", "web", "transport", "session", "engine", "broker", "observe", "api"],
    "config.ts",
  ],
  "config.ts": ["config"],
  config: [],
  "fault.ts": [],
  "runtime.ts": [],
  bench: ["client", "protocol"],
  cli: ["config.ts", "stompbox.ts", "client", "bench", "observe", "api"],
  client: ["protocol", "api"],
  protocol: [],
  broker: [],
  engine: ["broker", "observe/events.ts"],
  auth: ["broker"],
  session: ["engine", "protocol", "broker", "auth", "observe/events.ts"],
  transport: ["session", "observe/events.ts"],
  observe: [],
  web: ["transport", "session", "api", "observe/events.ts"],
  api: [],
  admin: ["session", "engine", "broker", "api", "observe", "web/admin.ts"],
};

/** Leaves that anyone may import; `protocol` and `broker` take only the first. */
const LEAVES = ["fault.ts", "runtime.ts", "observe/events.ts"];
const PURE = ["protocol", "broker"];

interface SourceFile {
  /** Relative to src/. */
  readonly path: string;
  readonly text: string;
  /** Without comments, which may name anything. */
  readonly code: string;
  /** What it imports from src/, relative to src/. */
  readonly imports: readonly string[];
  /** What it imports from elsewhere. */
  readonly packages: readonly string[];
  /** Those of both that are evaluated before it: neither types alone nor what it asks for later. */
  readonly evaluated: readonly string[];
}

const files: readonly SourceFile[] = [...new Bun.Glob("**/*.ts").scanSync(SRC)]
  .sort()
  .map(readSource);

function readSource(path: string): SourceFile {
  const text = readFileSync(join(SRC, path), "utf8");
  const code = text.replace(/\/\*[^]*?\*\//g, "").replace(/(^|[\s;{}(,])\/\/.*$/gm, "$1");
  const statements =
    /^(?:import|export)\b[^;"]*\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"/gm;
  const found = [...code.matchAll(statements)].map(([statement, ...names]) => {
    const name = names.find((each) => each !== undefined) ?? "";
    const isFile = name.startsWith(".");
    return { statement, isFile, name: isFile ? normalize(join(dirname(path), name)) : name };
  });
  return {
    path,
    text,
    code,
    imports: found.filter(({ isFile }) => isFile).map(({ name }) => name),
    packages: found.filter(({ isFile }) => !isFile).map(({ name }) => name),
    evaluated: found
      .filter(({ statement }) => !/^(?:import|export) type\b|^import\(/.test(statement))
      .map(({ name }) => name),
  };
}

function roomOf(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : path;
}

function mayImport(from: string, to: string): boolean {
  const room = roomOf(from);
  if (roomOf(to) === room) return true;
  // The version lives in the package's own description.
  if (to === "../package.json") return room === "cli";
  if (room === "api") return false;
  if (room === "config.ts") return roomOf(to) === "config";
  if (room === "config") return false;
  if (PURE.includes(room)) return to === "fault.ts";
  if (LEAVES.includes(to)) return true;
  return (MAY_IMPORT[room] ?? []).some((allowed) => allowed === roomOf(to) || allowed === to);
}

/** Lines of a file that match, as `path: line`. */
function linesWith(file: SourceFile, pattern: RegExp): string[] {
  return file.code
    .split("\n")
    .filter((line) => pattern.test(line))
    .map((line) => `${file.path}: ${line.trim()}`);
}

test("every room is one that ARCHITECTURE.md has a rule for", () => {
  const unknown = files.filter(({ path }) => MAY_IMPORT[roomOf(path)] === undefined);
  expect(unknown.map(({ path }) => path)).toEqual([]);
});

test("imports flow one way, type imports too", () => {
  const wrong = files.flatMap(({ path, imports }) =>
    imports.filter((to) => !mayImport(path, to)).map((to) => `${path} -> ${to}`),
  );
  expect(wrong).toEqual([]);
});

test("config and api import zod alone, and the rooms of the domain no package at all", () => {
  const wrong = files.flatMap(({ path, packages }) => {
    const room = roomOf(path);
    if (["config.ts", "config", "api"].includes(room))
      return packages.filter((name) => name !== "zod");
    // `isUtf8` is the one pure function that the language itself lacks.
    if (PURE.includes(room)) return packages.filter((name) => name !== "node:buffer");
    return [];
  });
  expect(wrong).toEqual([]);
});

test("no import cycle", () => {
  const importsOf = new Map(files.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const to of importsOf.get(path) ?? []) {
      const cycle = walk(to, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  expect(
    files.map(({ path }) => walk(path, [])).find((cycle) => cycle !== undefined),
  ).toBeUndefined();
});

test("a broker starts without the commands, the schemas of the API, and what else takes time", () => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set(["main.ts"]);
  for (const path of reached) byPath.get(path)?.evaluated.forEach((name) => reached.add(name));
  const commands = files.filter(({ code }) => code.includes("= defineCommand({"));
  expect(commands.length).toBeGreaterThan(10);
  expect(commands.filter(({ path }) => reached.has(path)).map(({ path }) => path)).toEqual([]);
  const schemas = files.filter(
    ({ path, packages }) => roomOf(path) === "api" && packages.length > 0,
  );
  expect(schemas.filter(({ path }) => reached.has(path)).map(({ path }) => path)).toEqual([]);
  const packages = [...reached].filter((name) => !byPath.has(name) && name !== "../package.json");
  expect(packages.sort()).toEqual([
    "node:buffer",
    "node:fs",
    "node:fs/promises",
    "node:path",
    "node:tty",
    "zod",
  ]);
});

test.each([
  ["clock, chance", /\bDate\.now\(|\bMath\.random\(|\brandomUUID\(/, ["runtime.ts"]],
  [
    "timers",
    /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|Bun\.sleep)\(/,
    ["runtime.ts", "stompbox.ts"],
  ],
  ["console", /\bconsole\./, ["cli", "observe/log.ts"]],
  ["top-level let", /^(?:export )?let /, []],
  ["any", /: any\b|\bas any\b|<any>|as unknown as|@ts-ignore|@ts-nocheck/, []],
] as const)("%s only where it belongs", (_what, pattern, allowed) => {
  const places: readonly string[] = allowed;
  const wrong = files
    .filter(({ path }) => !places.includes(path) && !places.includes(roomOf(path)))
    .flatMap((file) => linesWith(file, pattern));
  expect(wrong).toEqual([]);
});

test("a vendor's spelling stands in dialect.ts, and for the client in spellings.ts", () => {
  const vendors =
    /activemq\.|JMSX|AMQ_|["'`]x-(?!stomp-|accel|content-type|frame|forwarded|real-ip|client-ip|cluster-client-ip)[a-z-]+["'`]/i;
  const wrong = files
    .filter(({ path }) => path !== "session/dialect.ts" && path !== "broker/selector.ts")
    .filter(({ path }) => path !== "client/spellings.ts")
    .flatMap((file) => linesWith(file, vendors));
  expect(wrong).toEqual([]);
});

test("protocol and broker meet only in the session", () => {
  const both = files
    .filter(({ imports }) => {
      const rooms = imports.map(roomOf);
      return rooms.includes("protocol") && rooms.includes("broker");
    })
    .map(({ path }) => path);
  expect(both).toEqual(["session/connection.ts"]);
});

test("no file is named utils or index", () => {
  const wrong = files.filter(({ path }) =>
    /(?:^|\/)(?:utils?|helpers?|index|common)\.ts$/.test(path),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test("every file over 400 lines has its sentence in ARCHITECTURE.md", () => {
  const architecture = readFileSync(join(SRC, "..", "ARCHITECTURE.md"), "utf8");
  const long = files.filter(({ text }) => text.split("\n").length > 400);
  const owed = long.filter(({ path }) => !architecture.includes(`\`${path}\` is one thing`));
  expect(owed.map(({ path }) => path)).toEqual([]);
});

test("ARCHITECTURE.md names every room, and only files that are there", () => {
  const architecture = readFileSync(join(SRC, "..", "ARCHITECTURE.md"), "utf8");
  const rooms = new Set(files.map(({ path }) => roomOf(path)));
  for (const room of rooms)
    expect(architecture).toContain(`\`${room}${room.endsWith(".ts") ? "" : "/"}\``);
  const named = [...architecture.matchAll(/`([a-z_]+\/[a-z_/]+\.ts)`/g)].map((m) => m[1] ?? "");
  const there = new Set(files.map(({ path }) => path));
  const gone = named.filter((path) => !there.has(path) && !there.has(relative("src", path)));
  expect(gone.filter((path) => !/^(?:test|bench|scripts|src)\//.test(path))).toEqual([]);
});
