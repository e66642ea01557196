/** `stompbox version`. */

import manifest from "../../package.json" with { type: "json" };
import { type Command, EXIT } from "./command.ts";

/** The version of stompbox, as in package.json. */
export const VERSION: string = manifest.version;

/** Prints the version. */
export const versionCommand: Command = {
  name: "version",
  summary: "print the version",
  run: ({ terminal }) => {
    terminal.out.write(`stompbox ${VERSION}\n`);
    return EXIT.ok;
  },
};
