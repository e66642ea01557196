/** The table of commands. */

import { benchCommand } from "./bench.ts";
import { checkCommand } from "./check.ts";
import type { Command } from "./command.ts";
import { completionCommand } from "./completion.ts";
import { doctorCommand } from "./doctor.ts";
import { explainCommand } from "./explain.ts";
import { helpCommand } from "./help.ts";
import { openApiCommand } from "./openapi.ts";
import { pubCommand } from "./pub.ts";
import { queueCommand } from "./queue.ts";
import { replyCommand } from "./reply.ts";
import { requestCommand } from "./request.ts";
import { serveCommand } from "./serve_command.ts";
import { subCommand } from "./sub.ts";
import { tailCommand } from "./tail.ts";
import { topCommand } from "./top.ts";
import { versionCommand } from "./version_command.ts";

/** Every command, in the order of the help; the first is the default. */
export const COMMANDS: readonly Command[] = [
  serveCommand,
  checkCommand,
  pubCommand,
  subCommand,
  requestCommand,
  replyCommand,
  queueCommand,
  tailCommand,
  topCommand,
  benchCommand,
  doctorCommand,
  explainCommand,
  completionCommand,
  openApiCommand,
  helpCommand,
  versionCommand,
];
