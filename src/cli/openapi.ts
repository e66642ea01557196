/** `stompbox openapi`. */

import { openApiDocument } from "../api/openapi.ts";
import { defineCommand, EXIT, NONE } from "./command.ts";
import { VERSION } from "./version.ts";

/** Prints the OpenAPI document of the broker's HTTP side. */
export const openApiCommand = defineCommand({
  name: "openapi",
  summary: "print the OpenAPI document of the HTTP API",
  group: "help",
  operands: NONE,
  options: NONE,
  shared: NONE,
  examples: [{ line: "stompbox openapi", about: "what client generators and API browsers read" }],
  run: ({ terminal }) => {
    terminal.out.write(`${JSON.stringify(openApiDocument({ version: VERSION }), undefined, 2)}\n`);
    return EXIT.ok;
  },
});
