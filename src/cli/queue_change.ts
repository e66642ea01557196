/** `stompbox queue purge`, `move` and `retry`. */

import { visibleText } from "../observe/visible_text.ts";
import { type CommandContext, EXIT, type ExitCode } from "./command.ts";
import type { ConnectionValues } from "./connection_options.ts";
import { destinationOf, queueName } from "./queue_name.ts";
import { readableCount } from "./readable_amount.ts";
import type { Terminal } from "./terminal.ts";
import { withApi } from "./with_api.ts";

/** Which messages of which queue are meant. */
export interface ChangePlan {
  readonly connection: ConnectionValues;
  readonly queue: string;
  /** All that wait if undefined. */
  readonly keys: readonly string[] | undefined;
}

/** Removes messages that wait in a queue, after asking. */
export function purgeQueue(
  context: CommandContext,
  { connection, queue, keys, yes }: ChangePlan & { readonly yes: boolean },
): Promise<ExitCode> {
  const { terminal } = context;
  const name = queueName(queue) ?? queue;
  return withApi(context, {
    connection,
    what: `purge ${quoted(name)}`,
    work: async (api, stopped) => {
      const { ready, held } = await api("queue", { name });
      if (!yes) {
        const count = readableCount(keys?.length ?? ready, "message");
        const question = `Remove ${count} from ${quoted(name)}? [y/N] `;
        if (!(await agrees(terminal, { question, stopped }))) {
          terminal.err.write("Removed nothing\n");
          return EXIT.failed;
        }
      }
      const { messages } = await api("purgeQueue", { name, ...chosen(keys) });
      const left = held === 0 ? "" : `; ${held} that consumers hold stay theirs`;
      terminal.out.write(
        `Removed ${readableCount(messages, "message")} from ${quoted(name)}${left}\n`,
      );
      return EXIT.ok;
    },
  });
}

/** Moves messages that wait in a queue to another destination. */
export function moveMessages(
  context: CommandContext,
  { connection, queue, target, keys }: ChangePlan & { readonly target: string },
): Promise<ExitCode> {
  const name = queueName(queue) ?? queue;
  const to = destinationOf(target);
  return withApi(context, {
    connection,
    what: `move messages of ${quoted(name)}`,
    work: async (api) => {
      const { messages } = await api("moveMessages", { name, to, ...chosen(keys) });
      context.terminal.out.write(
        `Moved ${readableCount(messages, "message")} from ${quoted(name)} to ${quoted(to)}\n`,
      );
      return EXIT.ok;
    },
  });
}

/** Sends dead letters back to where they came from. */
export function retryMessages(
  context: CommandContext,
  { connection, queue, keys }: ChangePlan,
): Promise<ExitCode> {
  const name = queueName(queue) ?? queue;
  return withApi(context, {
    connection,
    what: `retry the messages of ${quoted(name)}`,
    work: async (api) => {
      const { messages } = await api("retryMessages", { name, ...chosen(keys) });
      context.terminal.out.write(
        `Sent ${readableCount(messages, "message")} of ${quoted(name)} back to where they came from\n`,
      );
      return EXIT.ok;
    },
  });
}

function chosen(keys: readonly string[] | undefined): { readonly keys?: string[] } {
  return keys === undefined ? {} : { keys: [...keys] };
}

function quoted(name: string): string {
  return `"${visibleText(name)}"`;
}

/** Characters of an answer that are looked at. */
const ANSWER_MAX = 1024;

/** Asks a question that only "y" or "yes" agrees to. */
async function agrees(
  { input, err }: Terminal,
  { question, stopped }: { readonly question: string; readonly stopped: Promise<void> },
): Promise<boolean> {
  err.write(question);
  const answer = async (): Promise<string> => {
    let line = "";
    const decoder = new TextDecoder();
    for await (const chunk of input.chunks()) {
      line += decoder.decode(chunk, { stream: true });
      if (line.includes("\n") || line.length > ANSWER_MAX) return line;
    }
    // The end of the input leaves the cursor behind the question.
    err.write("\n");
    return line;
  };
  const interrupted = stopped.then(() => {
    err.write("\n");
    return "";
  });
  return /^\s*y(?:es)?\s*$/i.test(await Promise.race([answer(), interrupted]));
}
