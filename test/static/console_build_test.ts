import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildConsole, CONSOLE_FOLDER } from "../../scripts/build_console.ts";

test("the console that is served is the one that its sources make", async () => {
  const built = await buildConsole();
  expect(readdirSync(CONSOLE_FOLDER).sort()).toEqual([...built.keys()].sort());
  for (const [name, text] of built) {
    const isSame = readFileSync(join(CONSOLE_FOLDER, name), "utf8") === text;
    expect(isSame, `${name} is old: npm run console`).toBe(true);
  }
});

test("it is small enough to be there at once, and names no other place", async () => {
  const built = await buildConsole();
  const script = built.get("console.js") ?? "";
  const sheet = built.get("console.css") ?? "";
  expect(Bun.gzipSync(Buffer.from(script)).byteLength).toBeLessThan(150_000);
  // Development's own, and what would be fetched; not the script itself in case of failure.
  expect(/sourceMappingURL|jsxDEV|^import\b/m.exec(script)?.[0]).toBeUndefined();
  expect(/@import|url\(/.exec(sheet)?.[0]).toBeUndefined();
  for (const name of ["@stomp/stompjs", "preact", "uplot", "zod"]) {
    expect(built.get("licences.txt")).toContain(`${name} `);
  }
});
