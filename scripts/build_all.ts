/**
 * Makes dist/archives: the executable for every platform, packed together with
 * README and LICENSE, and SHA256SUMS over the archives. Arguments narrow the
 * platforms: `npm run build:all -- linux-arm64 windows-x64`.
 */

import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { type ArchiveEntry, tar, zip } from "./archive.ts";
import { compile } from "./build.ts";

const ROOT = dirname(import.meta.dir);
const ARCHIVES = join("dist", "archives");

/** Platforms by the name in the archive, with the name that the compiler knows. */
const PLATFORMS: ReadonlyMap<string, string> = new Map([
  ["linux-x64", "bun-linux-x64"],
  ["linux-arm64", "bun-linux-arm64"],
  ["linux-x64-musl", "bun-linux-x64-musl"],
  ["linux-arm64-musl", "bun-linux-arm64-musl"],
  ["darwin-x64", "bun-darwin-x64"],
  ["darwin-arm64", "bun-darwin-arm64"],
  ["windows-x64", "bun-windows-x64"],
]);

/** 1980-01-01, the earliest that zip can say. */
const DOS_EPOCH = 315_532_800;

async function pack(platform: string, target: string): Promise<string> {
  const windows = platform.startsWith("windows");
  const program = windows ? "stompbox.exe" : "stompbox";
  const folder = `stompbox-${manifest.version}-${platform}`;
  const outfile = join("dist", "platforms", platform, program);
  await compile(outfile, { target });

  const entries: ArchiveEntry[] = [];
  for (const [name, path] of [
    [program, outfile],
    ["README.md", "README.md"],
    ["LICENSE", "LICENSE"],
  ] as const) {
    const file = Bun.file(join(ROOT, path));
    const content = await file.bytes();
    entries.push({ name: `${folder}/${name}`, content, executable: name === program });
  }
  const time = Math.max(DOS_EPOCH, Number(process.env.SOURCE_DATE_EPOCH ?? DOS_EPOCH));
  const archive = windows
    ? zip(entries, { time })
    : Bun.gzipSync(new Uint8Array(tar(entries, { time })));
  const name = `${folder}${windows ? ".zip" : ".tar.gz"}`;
  await Bun.write(join(ROOT, ARCHIVES, name), archive);
  console.log(`${join(ARCHIVES, name)} ${(archive.length / 1e6).toFixed(1)} MB`);
  return `${new Bun.CryptoHasher("sha256").update(archive).digest("hex")}  ${name}\n`;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((platform) => !PLATFORMS.has(platform));
if (unknown.length > 0) {
  const known = [...PLATFORMS.keys()].join(", ");
  console.error(`Unknown platform "${unknown.join('", "')}": expected ${known}`);
  process.exit(2);
}
await rm(join(ROOT, ARCHIVES), { recursive: true, force: true });
await mkdir(join(ROOT, ARCHIVES), { recursive: true });
let sums = "";
// One after the other: each holds an executable of a hundred megabytes.
for (const [platform, target] of PLATFORMS) {
  if (wanted.length === 0 || wanted.includes(platform)) sums += await pack(platform, target);
}
await Bun.write(join(ROOT, ARCHIVES, "SHA256SUMS"), sums);
