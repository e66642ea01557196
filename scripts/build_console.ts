/**
 * Makes static/console/ from console/: one script, one stylesheet, the page
 * and the licences of what is inside. What it makes is kept in the repository,
 * so that neither the broker nor its executable need a build; a test makes it
 * anew and compares.
 */

import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import manifest from "../package.json" with { type: "json" };

const ROOT = dirname(import.meta.dir);
const CONSOLE = join(ROOT, "console");

/** Where the console that the broker serves lives; nothing else may be in it. */
export const CONSOLE_FOLDER = join(ROOT, "static/console");

/** The packages whose code is inside, and the file of each that holds its licence. */
const INSIDE = [
  ["@stomp/stompjs", "LICENSE"],
  ["preact", "LICENSE"],
  ["uplot", "LICENSE"],
  ["zod", "LICENSE"],
] as const;

async function bundle(entry: string): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(CONSOLE, entry)],
    target: "browser",
    format: "esm",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const [output] = built.outputs;
  if (output === undefined || built.outputs.length > 1) {
    throw new Error(`Cannot build ${entry}: ${built.outputs.length} files, expected 1`);
  }
  return output.text();
}

async function licences(): Promise<string> {
  const versions = new Map(
    Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }),
  );
  const parts = INSIDE.map(async ([name, file]) => {
    const text = await Bun.file(join(ROOT, "node_modules", name, file)).text();
    return `${name} ${versions.get(name)}\n\n${text.trim()}\n`;
  });
  return (await Promise.all(parts)).join(`\n${"-".repeat(72)}\n\n`);
}

/**
 * The files of the console by name, made from its sources.
 *
 * @throws AggregateError with what the bundler says.
 */
export async function buildConsole(): Promise<ReadonlyMap<string, string>> {
  const [page, script, sheet, texts] = await Promise.all([
    Bun.file(join(CONSOLE, "index.html")).text(),
    bundle("main.tsx"),
    bundle("console.css"),
    licences(),
  ]);
  return new Map([
    ["index.html", page],
    ["console.js", script],
    ["console.css", sheet],
    ["licences.txt", texts],
  ]);
}

if (import.meta.main) {
  const files = await buildConsole();
  await mkdir(CONSOLE_FOLDER, { recursive: true });
  for (const name of await readdir(CONSOLE_FOLDER)) {
    if (!files.has(name)) await rm(join(CONSOLE_FOLDER, name), { recursive: true });
  }
  for (const [name, text] of files) {
    await Bun.write(join(CONSOLE_FOLDER, name), text);
    console.log(`static/console/${name} ${(Buffer.byteLength(text) / 1_024).toFixed(1)} KiB`);
  }
}
