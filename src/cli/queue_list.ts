/** `stompbox queue ls`. */

import type { CallApi } from "../api/call_api.ts";
import type { QueueInfo } from "../api/values.ts";
import { visibleJson, visibleText } from "../observe/visible_text.ts";
import { type CommandContext, EXIT, type ExitCode } from "./command.ts";
import type { ConnectionValues } from "./connection_options.ts";
import { readableAge, readableBytes } from "./readable_amount.ts";
import { type TextColumn, textTable } from "./text_table.ts";
import { withApi } from "./with_api.ts";

/** By what queues can be sorted. */
export const QUEUE_SORTS = ["name", "ready", "held", "consumers", "oldest", "bytes"] as const;

/** What `ls` is asked for. */
export interface ListPlan {
  readonly connection: ConnectionValues;
  readonly sort?: (typeof QUEUE_SORTS)[number] | undefined;
  readonly filter?: string | undefined;
  readonly json: boolean;
}

/** Lists the queues of a broker. */
export function listQueues(context: CommandContext, plan: ListPlan): Promise<ExitCode> {
  const { out, err, runtime } = context.terminal;
  return withApi(context, {
    connection: plan.connection,
    what: "list queues",
    work: async (api) => {
      const queues = await allQueues(api, plan);
      if (plan.json) {
        for (const queue of queues) {
          out.write(`${visibleJson(queue)}\n`);
          await out.drained();
        }
        return EXIT.ok;
      }
      if (queues.length === 0) {
        const which = plan.filter === undefined ? "" : ` with ${JSON.stringify(plan.filter)}`;
        err.write(`No queues${which}\n`);
        return EXIT.ok;
      }
      const width = out.isTerminal ? out.size().columns : undefined;
      const { title, lines } = textTable(queues, { columns: queueColumns(runtime.now()), width });
      const [bold, plain] = out.color ? ["\x1b[1m", "\x1b[0m"] : ["", ""];
      out.write(`${bold}${title}${plain}\n${lines.map((line) => `${line}\n`).join("")}`);
      return EXIT.ok;
    },
  });
}

/** The columns that queues are shown in. */
export function queueColumns(now: number): readonly TextColumn<QueueInfo>[] {
  const right = true;
  return [
    { title: "NAME", cell: queueLabel },
    { title: "READY", right, cell: ({ ready }) => String(ready) },
    { title: "HELD", right, cell: ({ held }) => String(held) },
    { title: "CONSUMERS", right, cell: ({ consumers }) => String(consumers) },
    { title: "OLDEST", right, cell: ({ oldestAt }) => ageOf(oldestAt, now) },
    { title: "BYTES", right, cell: ({ bytes }) => readableBytes(bytes) },
  ];
}

/** How a queue is called in a table: its name, for a temporary one its path. */
export function queueLabel({ kind, name, path }: QueueInfo): string {
  return visibleText(kind === "temporary" ? path : name);
}

/** How long the oldest message has waited. */
export function ageOf(oldestAt: number | undefined, now: number): string {
  return oldestAt === undefined ? "-" : readableAge(now - oldestAt);
}

/** The most that one answer may list. */
const PAGE = 1_000;

async function allQueues(api: CallApi, { sort = "name", filter }: ListPlan): Promise<QueueInfo[]> {
  const found = new Map<string, QueueInfo>();
  for (let offset = 0; ; offset += PAGE) {
    const { total, items } = await api("queues", {
      sort: sort === "oldest" ? "oldestAt" : sort,
      order: sort === "name" || sort === "oldest" ? "asc" : "desc",
      offset,
      limit: PAGE,
      ...(filter === undefined ? {} : { filter }),
    });
    // The list may have moved on between two answers.
    for (const queue of items) found.set(queue.path, queue);
    if (items.length === 0 || offset + items.length >= total) return [...found.values()];
  }
}
