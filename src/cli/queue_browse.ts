/** `stompbox queue browse`. */

import { Buffer } from "node:buffer";
import { ApiError, type CallApi } from "../api/call_api.ts";
import type { MessageInfo } from "../api/values.ts";
import { after as afterMs } from "../client/after.ts";
import { messageHeader, type ReceivedMessage } from "../client/received_message.ts";
import { prefetchHeaders } from "../client/spellings.ts";
import type { StompClient } from "../client/stomp_client.ts";
import { visibleJson, visibleText } from "../observe/visible_text.ts";
import { apiRoots } from "./broker_api.ts";
import { type CommandContext, EXIT, type ExitCode, reportFailure } from "./command.ts";
import type { ConnectionValues } from "./connection_options.ts";
import { firstOfEach, formatMessage } from "./message_format.ts";
import { destinationOf, queueName } from "./queue_name.ts";
import { readableAge, readableBytes, readableCount } from "./readable_amount.ts";
import type { Terminal } from "./terminal.ts";
import { withApi } from "./with_api.ts";
import { withBroker } from "./with_broker.ts";

/** What `browse` is asked for. */
export interface BrowsePlan {
  readonly connection: ConnectionValues;
  readonly queue: string;
  readonly limit: number;
  /** Key of the message to go on behind. */
  readonly after: string | undefined;
  readonly json: boolean;
}

/** Shows messages that wait in a queue: through the API of stompbox, or as any client may. */
export function browseQueue(context: CommandContext, plan: BrowsePlan): Promise<ExitCode> {
  const { connection, queue, after } = plan;
  const asClient = (): Promise<ExitCode> =>
    withBroker(context, {
      connection,
      work: (client, stopped) => browseAsClient(context, { client, stopped, plan }),
    });
  if (after === undefined && apiRoots(connection.url).length === 0) return asClient();
  return withApi(context, {
    connection,
    what: `browse "${visibleText(queue)}"${after === undefined ? "" : " behind a key"}`,
    work: (api) => browseByApi(api, plan, context.terminal),
    // A client cannot name a place in the queue.
    ...(after === undefined ? { otherwise: asClient } : {}),
  });
}

/** The most that one answer may show. */
const PAGE = 200;
/** Of each body, unless all of it is asked for. */
const BODY_BYTES = 65_536;

async function browseByApi(
  api: CallApi,
  { queue, limit, after, json }: BrowsePlan,
  terminal: Terminal,
): Promise<ExitCode> {
  const { out, err, runtime } = terminal;
  const name = queueName(queue) ?? queue;
  let shown = 0;
  let last = after;
  let more = true;
  while (more && shown < limit) {
    const answer = await api("browseQueue", {
      name,
      limit: Math.min(limit - shown, PAGE),
      bodyBytes: BODY_BYTES,
      ...(last === undefined ? {} : { after: last }),
    });
    for (const message of answer.messages) {
      out.write(
        json
          ? `${visibleJson(jsonOf(await whole(api, name, message)))}\n`
          : pretty(message, { now: runtime.now(), color: out.color }),
      );
      await out.drained();
      last = message.key;
      shown++;
    }
    more = answer.more && answer.messages.length > 0;
  }
  if (more) err.write(`There are more behind: --after ${last}\n`);
  else if (shown === 0) err.write(`No messages wait in "${visibleText(name)}"\n`);
  return EXIT.ok;
}

/** HTTP status of what is not there. */
const NOT_FOUND = 404;

/** The message with all of its body, unless somebody has taken it meanwhile. */
async function whole(api: CallApi, name: string, message: MessageInfo): Promise<MessageInfo> {
  if (!message.truncated) return message;
  try {
    return await api("queueMessage", { name, key: message.key });
  } catch (error) {
    if (error instanceof ApiError && error.status === NOT_FOUND) return message;
    throw error;
  }
}

function jsonOf({ headers, ...message }: MessageInfo): object {
  const first = firstOfEach(headers.flat());
  return { destination: first["destination"] ?? "", ...message, headers: first };
}

function pretty(
  message: MessageInfo,
  { now, color }: { readonly now: number; readonly color: boolean },
): string {
  const { key, headers, priority, expiresAt, arrivedAt, deliveries, refusals } = message;
  const facts = [
    `came ${readableAge(now - arrivedAt)} ago`,
    ...(priority === 4 ? [] : [`priority ${priority}`]),
    ...(message.persistent ? ["persistent"] : []),
    ...(expiresAt === 0 ? [] : [`expires in ${readableAge(expiresAt - now)}`]),
    ...(deliveries === 0 ? [] : [`delivered ${readableCount(deliveries, "time")}`]),
    ...(refusals === 0 ? [] : [`refused ${readableCount(refusals, "time")}`]),
    ...(message.truncated ? [`only the beginning of ${readableBytes(message.bodyBytes)}`] : []),
  ];
  const [dim, plain] = color ? ["\x1b[2m", "\x1b[0m"] : ["", ""];
  const destination = headers.find(([name]) => name === "destination")?.[1] ?? "";
  const received: ReceivedMessage = {
    destination,
    headers: headers.flat(),
    body: message.body ?? Buffer.from(message.bodyBase64 ?? "", "base64"),
    subscription: undefined,
  };
  const shown = formatMessage(received, {
    format: "pretty",
    color,
    headersOnly: false,
    nul: false,
  });
  return `${dim}${key}, ${facts.join(", ")}${plain}\n${shown}`;
}

/** Characters that may wait for whoever reads standard output. */
const BACKLOG_MAX = 256 * 1024;
/** How long nothing may come from a broker that does not say where the end is, in ms. */
const SILENCE_MS = 2_000;
/** Brokers that would take a browser for a consumer, and hand it the messages. */
const BLIND = /^rabbitmq\b/i;

async function browseAsClient(
  { terminal }: CommandContext,
  job: { readonly client: StompClient; readonly stopped: Promise<void>; readonly plan: BrowsePlan },
): Promise<ExitCode> {
  const { client, stopped, plan } = job;
  const { out, err, runtime } = terminal;
  const destination = destinationOf(plan.queue);
  if (BLIND.test(client.server)) {
    return reportFailure(
      terminal,
      `Cannot browse "${visibleText(destination)}": ${visibleText(client.server)} has no browsing, a look would disturb the messages`,
    );
  }
  const ended = Promise.withResolvers<"end" | "limit" | "silence">();
  let shown = 0;
  let stopSilence = (): void => undefined;
  const heard = (): void => {
    stopSilence();
    stopSilence = afterMs(runtime, { ms: SILENCE_MS, task: () => ended.resolve("silence") });
  };
  const waitForReader = (): void => {
    stopSilence();
    client.pause();
    void out.drained().then(() => {
      client.resume();
      heard();
    });
  };
  const format = { format: plan.json ? "json" : "pretty", headersOnly: false, nul: false } as const;
  const { confirmed } = client.subscribe({
    destination,
    // Never acknowledged: a broker that knows no browsing gets its messages back.
    ack: client.version === "1.0" ? "client" : "client-individual",
    headers: ["browser", "true", ...prefetchHeaders(plan.limit)],
    receive: (message) => {
      heard();
      if (messageHeader(message, "browser") === "end") ended.resolve("end");
      else if (shown < plan.limit) {
        out.write(formatMessage(message, { ...format, color: out.color }));
        if (++shown === plan.limit) ended.resolve("limit");
        if (out.backlog() > BACKLOG_MAX) waitForReader();
      }
    },
  });
  try {
    await Promise.race([confirmed, ended.promise, stopped]);
    heard();
    const end = await Promise.race([ended.promise, stopped]);
    if (end === undefined) return EXIT.failed;
    if (end === "limit") err.write(`There may be more: --limit ${plan.limit * 2} shows them\n`);
    if (end === "silence") err.write("The broker did not say that this was all\n");
    if (end === "end" && shown === 0)
      err.write(`No messages wait in "${visibleText(destination)}"\n`);
    await out.drained();
    return EXIT.ok;
  } finally {
    stopSilence();
  }
}
