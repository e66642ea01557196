/** Makes dist/stompbox: one file that holds the broker, its pages and Bun. */

import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";

const ROOT = dirname(import.meta.dir);

/**
 * Compiles the executable into `outfile`, a path below the project's folder;
 * `target` is a platform such as `bun-linux-arm64`, by default this one.
 * Rejects when the compiler does.
 */
export async function compile(
  outfile: string,
  { target }: { readonly target?: string } = {},
): Promise<void> {
  const command = [
    process.execPath,
    "build",
    "--compile",
    "--minify",
    "--sourcemap",
    "--bytecode",
    "--format=esm",
    // What is loaded when first asked for must not be there, nor what it imports, at the start. The
    // order of evaluation stays as it is in the source where no imports go in a circle.
    "--splitting",
    // Otherwise a .env or bunfig.toml that lies in the working directory would be obeyed.
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    "--asset",
    "static",
    "src/main.ts",
    `--outfile=${outfile}`,
    ...(target === undefined ? [] : [`--target=${target}`]),
  ];
  const build = Bun.spawn(command, { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [code, out, err] = await Promise.all([
    build.exited,
    build.stdout.text(),
    build.stderr.text(),
  ]);
  if (code !== 0) throw new Error(`Cannot compile ${outfile}: exit code ${code}\n${out}${err}`);
  // The map is inside, too.
  const maps = new Bun.Glob("*.map").scan({ cwd: join(ROOT, dirname(outfile)), absolute: true });
  for await (const map of maps) await rm(map);
}

if (import.meta.main) {
  const outfile = join("dist", process.platform === "win32" ? "stompbox.exe" : "stompbox");
  await compile(outfile);
  const megabytes = (Bun.file(join(ROOT, outfile)).size / 1e6).toFixed(1);
  console.log(`${outfile} ${megabytes} MB`);
}
