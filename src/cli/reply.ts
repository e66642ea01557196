/** `stompbox reply`. */

import { messageHeader, type ReceivedMessage } from "../client/received_message.ts";
import { prefetchHeaders } from "../client/spellings.ts";
import type { StompClient } from "../client/stomp_client.ts";
import { visibleText } from "../observe/visible_text.ts";
import { type CommandContext, defineCommand, EXIT, type ExitCode } from "./command.ts";
import { count, operand, optionalOperand, text, toggle } from "./command_option.ts";
import { CONNECTION } from "./connection_options.ts";
import { headerOption } from "./header_option.ts";
import { isConfirmed } from "./is_confirmed.ts";
import { runShellCommand } from "./shell_command.ts";
import { withBroker } from "./with_broker.ts";

/** The header by which a reply says that the answer failed, and how. */
export const REPLY_FAILURE_HEADER = "error";

/** Answers requests. */
export const replyCommand = defineCommand({
  name: "reply",
  summary: "answer requests, until Ctrl-C",
  group: "messages",
  operands: {
    destination: operand({ placeholder: "DESTINATION", description: "where requests come to" }),
    body: optionalOperand({ placeholder: "BODY", description: "what to answer" }),
  },
  options: {
    echo: toggle({ short: "-e", description: "answer with the request's own body" }),
    exec: text({
      short: "-x",
      placeholder: "CMD",
      description: "answer with what a shell command makes of the body",
    }),
    count: count({ short: "-n", min: 1, max: 1_000_000_000, description: "end after N answers" }),
    header: headerOption("add a header to the answers, again for more"),
    contentType: text({ placeholder: "TYPE", description: "what answers are: text/plain" }),
  },
  shared: CONNECTION,
  examples: [
    {
      line: "stompbox reply /queue/upper --exec 'tr a-z A-Z'",
      about: "the body on its standard input, its standard output is the answer",
      endless: true,
    },
    { line: "stompbox reply /queue/ping pong", about: "always the same answer", endless: true },
    {
      line: "stompbox reply /queue/echo --echo --count 1",
      about: "one answer, the request's own body",
      needs: ["stompbox pub /queue/echo -H reply-to:/queue/answers hello"],
    },
  ],
  notes: [
    "A command that fails: the answer has a header error; a request without",
    "reply-to is refused (NACK).",
  ],
  contradictions: ({ options: { echo, exec }, operands: { body } }) => {
    const given = [
      ...(body === undefined ? [] : ["BODY"]),
      ...(echo ? ["--echo"] : []),
      ...(exec === undefined ? [] : ["--exec"]),
    ];
    if (given.length === 1) return [];
    return given.length === 0
      ? ["Cannot answer with nothing: expected BODY, --echo or --exec CMD"]
      : [`Cannot answer with ${given.join(" and ")}: expected one of them`];
  },
  run: (context, { options, operands: { destination, body } }) => {
    const { contentType, exec, count: max } = options;
    const answer: Answer = async (request, stopped) => {
      if (exec === undefined) return { body: body ?? request.body, failure: undefined };
      const { err } = context.terminal;
      return runShellCommand(exec, {
        input: request.body,
        stopped,
        tell: (data) => err.write(data),
      });
    };
    const headers = [
      ...options.header.flat(),
      ...(contentType === undefined ? [] : ["content-type", contentType]),
    ];
    return withBroker(context, {
      connection: options,
      work: (client, stopped) =>
        answerAll(context, { client, stopped, plan: { destination, answer, headers, max } }),
    });
  },
});

/** What is answered, and whether making the answer failed. */
type Answer = (
  request: ReceivedMessage,
  stopped: Promise<void>,
) => Promise<{ readonly body: string | Uint8Array; readonly failure: string | undefined }>;

interface Plan {
  readonly destination: string;
  readonly answer: Answer;
  readonly headers: readonly string[];
  readonly max: number | undefined;
}

async function answerAll(
  { terminal: { err, runtime } }: CommandContext,
  job: { readonly client: StompClient; readonly stopped: Promise<void>; readonly plan: Plan },
): Promise<ExitCode> {
  const { client, stopped, plan } = job;
  const ended = Promise.withResolvers<ExitCode>();
  let answered = 0;
  let over = false;
  const handle = async (request: ReceivedMessage): Promise<void> => {
    if (over) return;
    const { body, failure } = await plan.answer(request, stopped);
    if (over) return;
    const replyTo = messageHeader(request, "reply-to");
    if (failure !== undefined) {
      const where = visibleText(messageHeader(request, "message-id") ?? "");
      err.write(`stompbox: Cannot answer message ${where}: ${failure}\n`);
    }
    if (replyTo !== undefined) {
      const correlation =
        messageHeader(request, "correlation-id") ?? messageHeader(request, "message-id");
      client.send({
        destination: replyTo,
        headers: [
          ...plan.headers,
          ...(correlation === undefined ? [] : ["correlation-id", correlation]),
          ...(failure === undefined ? [] : [REPLY_FAILURE_HEADER, failure]),
        ],
        body,
      });
    }
    const refuse = failure !== undefined && replyTo === undefined && client.version !== "1.0";
    if (refuse) client.nack(request);
    else client.ack(request);
    if (++answered === plan.max) ended.resolve(EXIT.ok);
    await client.drained();
  };
  // One after the other: what is behind waits at the broker, for whoever is free.
  let line: Promise<void> = Promise.resolve();
  const subscription = client.subscribe({
    destination: plan.destination,
    ack: client.version === "1.0" ? "client" : "client-individual",
    headers: prefetchHeaders(1),
    receive: (request) => {
      line = line.then(() => handle(request));
      line.catch(ended.reject);
    },
  });
  void stopped.then(() => {
    over = true;
    ended.resolve(plan.max === undefined ? EXIT.ok : EXIT.failed);
  });
  await Promise.race([isConfirmed([subscription], { client, runtime }), ended.promise]);
  if (err.isTerminal) err.write(`Answering ${visibleText(plan.destination)}; Ctrl-C ends\n`);
  const code = await ended.promise;
  over = true;
  return code;
}
