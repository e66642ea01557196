/**
 * Copies the client libraries that the pages use from node_modules into
 * static/vendor, unchanged and with their licences, so that the pages need
 * neither a bundler nor the network. Run it after changing one of their
 * versions; a test compares the copies with the originals.
 */

import { cp, mkdir, rm } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";

/** A file of a package and the place in static/vendor where its copy lives. */
export interface VendoredFile {
  /** Absolute path of the original. */
  readonly from: string;
  /** Absolute path of the copy. */
  readonly to: string;
}

const PACKAGES = join(import.meta.dir, "../node_modules");

/** The folder that the copies live in; nothing else may be in it. */
export const VENDOR_FOLDER = join(import.meta.dir, "../static/vendor");

/** Every file that is copied: the ES modules of `@stomp/stompjs`, the original `stompjs`, licences. */
export function vendoredFiles(): VendoredFile[] {
  const modern = join(PACKAGES, "@stomp/stompjs");
  const original = join(PACKAGES, "stompjs");
  const modules = readdirSync(join(modern, "esm6"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .sort()
    .map((name) => ({
      from: join(modern, "esm6", name),
      to: join(VENDOR_FOLDER, "stompjs-7", name),
    }));
  return [
    ...modules,
    { from: join(modern, "LICENSE"), to: join(VENDOR_FOLDER, "stompjs-7/LICENSE.txt") },
    { from: join(original, "lib/stomp.js"), to: join(VENDOR_FOLDER, "stompjs-2/stomp.js") },
    { from: join(original, "LICENSE.txt"), to: join(VENDOR_FOLDER, "stompjs-2/LICENSE.txt") },
  ];
}

async function copyAll(): Promise<void> {
  await rm(VENDOR_FOLDER, { recursive: true, force: true });
  for (const { from, to } of vendoredFiles()) {
    await mkdir(dirname(to), { recursive: true });
    await cp(from, to);
  }
}

if (import.meta.main) await copyAll();
