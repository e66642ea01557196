/** `stompbox version`. */

import manifest from "../../package.json" with { type: "json" };
import { defineCommand, EXIT, NONE } from "./command.ts";

/** The version of stompbox, as in package.json. */
export const VERSION: string = manifest.version;

/** Prints the version. */
export const versionCommand = defineCommand({
  name: "version",
  summary: "print the version",
  group: "help",
  operands: NONE,
  options: NONE,
  shared: NONE,
  examples: [{ line: "stompbox version", about: "the version of this executable" }],
  run: ({ terminal }) => {
    terminal.out.write(`stompbox ${VERSION}\n`);
    return EXIT.ok;
  },
});
