/** The executable: runs the command line and ends with its exit code. */

import { runCli } from "./cli/run_cli.ts";
import { flushOutputs, systemTerminal } from "./cli/terminal.ts";

const code = await runCli(process.argv.slice(2), systemTerminal);
// Exiting drops what a pipe has not taken yet; a pipe whose reader is gone takes nothing any more.
await flushOutputs(systemTerminal);
process.exit(code);
