/** `stompbox version`. */

import { defineCommand, EXIT, NONE } from "./command.ts";
import { VERSION } from "./version.ts";

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
