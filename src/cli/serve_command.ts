/** `stompbox serve`, and `stompbox` alone. */

import { defineCommand, NONE } from "./command.ts";
import { serve } from "./serve.ts";

/** Runs the broker until it is told to stop. */
export const serveCommand = defineCommand({
  name: "serve",
  summary: "run the broker until Ctrl-C; the default command",
  group: "broker",
  takesConfig: true,
  operands: NONE,
  options: NONE,
  shared: NONE,
  examples: [
    {
      line: "stompbox serve --listen ws://localhost:8080 --static .",
      about: "this folder and a broker on one port",
      endless: true,
    },
    {
      line: "stompbox serve --listen ws://localhost:0 --ports-file ports.json",
      about: "on any free port, which is written to a file",
      endless: true,
    },
  ],
  run: (context) => serve(context),
});
