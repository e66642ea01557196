import { describe, expect, test } from "bun:test";
import { negotiateVersion } from "../../src/protocol/version.ts";

describe("The version agreed on", () => {
  const table: readonly (readonly [offered: string | undefined, agreed: string | undefined])[] = [
    [undefined, "1.0"],
    ["1.0", "1.0"],
    ["1.1", "1.1"],
    ["1.2", "1.2"],
    ["1.0,1.1,1.2", "1.2"],
    ["1.2,1.1", "1.2"],
    ["1.1,1.0", "1.1"],
    ["1.1, 1.0", "1.1"],
    ["2.0,1.1", "1.1"],
    ["2.0", undefined],
    ["", undefined],
    ["1.2.0", undefined],
    ["1", undefined],
  ];
  for (const [offered, agreed] of table) {
    test(`of ${offered} is ${agreed}`, () => {
      expect(negotiateVersion(offered)).toBe(agreed as ReturnType<typeof negotiateVersion>);
    });
  }
});
