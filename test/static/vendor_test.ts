import { expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { VENDOR_FOLDER, vendoredFiles } from "../../scripts/vendor.ts";

test("every vendored file is byte for byte the installed one", async () => {
  for (const { from, to } of vendoredFiles()) {
    const [original, copy] = await Promise.all([Bun.file(from).bytes(), Bun.file(to).bytes()]);
    expect(Buffer.compare(original, copy), to).toBe(0);
  }
});

test("nothing but vendored files is in the vendor folder", () => {
  const present = readdirSync(VENDOR_FOLDER, { recursive: true, encoding: "utf8" })
    .map((name) => join(VENDOR_FOLDER, name))
    .filter((path) => statSync(path).isFile());
  expect(present.sort()).toEqual(
    vendoredFiles()
      .map(({ to }) => to)
      .sort(),
  );
});

test("each vendored library comes with its licence", () => {
  const libraries = readdirSync(VENDOR_FOLDER);
  expect(libraries.sort()).toEqual(["stompjs-2", "stompjs-7"]);
  for (const library of libraries) {
    const licence = join(VENDOR_FOLDER, library, "LICENSE.txt");
    expect(statSync(licence).size, licence).toBeGreaterThan(5_000);
  }
});
