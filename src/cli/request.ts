/** `stompbox request`. */

import { after } from "../client/after.ts";
import { messageHeader, type ReceivedMessage } from "../client/received_message.ts";
import { repliesByItself } from "../client/spellings.ts";
import type { StompClient } from "../client/stomp_client.ts";
import { visibleLines, visibleText } from "../observe/visible_text.ts";
import { type Body, type BodyWords, bodyMistakes, InputError, openBodies } from "./body_source.ts";
import {
  type CommandContext,
  defineCommand,
  EXIT,
  type ExitCode,
  reportFailure,
  reportMistakes,
} from "./command.ts";
import { durationOr, operand } from "./command_option.ts";
import { CONNECTION } from "./connection_options.ts";
import { isConfirmed } from "./is_confirmed.ts";
import { BODY, BODY_FILE, HEADERS } from "./message_options.ts";
import { showWaiting } from "./progress.ts";
import { REPLY_FAILURE_HEADER } from "./reply.ts";
import { withBroker } from "./with_broker.ts";

/** Sends a message and waits for the answer to it. */
export const requestCommand = defineCommand({
  name: "request",
  summary: "send a message and print the reply to it",
  group: "messages",
  operands: {
    destination: operand({ placeholder: "DESTINATION", description: "where somebody answers" }),
    body: BODY,
  },
  options: {
    file: BODY_FILE,
    timeout: durationOr(5_000, {
      short: "-t",
      min: 1,
      max: 24 * 3_600_000,
      description: "how long to wait for the reply; default 5s",
    }),
    ...HEADERS,
  },
  shared: CONNECTION,
  examples: [
    {
      line: "stompbox request /queue/upper 'two teas'",
      about: "prints the reply",
      needs: ["stompbox reply /queue/upper --exec 'tr a-z A-Z' &"],
    },
    {
      line: "stompbox request /queue/upper 'two teas' --timeout 30s -H priority:9",
      about: "waits longer",
      needs: ["stompbox reply /queue/upper --exec 'tr a-z A-Z' &"],
    },
  ],
  exits: { [EXIT.timedOut]: "no reply in time" },
  contradictions: ({ options: { file }, operands }, { terminal }) =>
    bodyMistakes({ ...operands, file, lines: false }, terminal),
  run: (context, { options, operands }) => {
    const { contentType, timeout } = options;
    const words: BodyWords = { ...operands, file: options.file, lines: false };
    const bodies = openBodies(words, context.terminal);
    if (typeof bodies === "string") return reportMistakes(context.terminal, [bodies]);
    const headers = [
      ...options.header.flat(),
      ...(contentType === undefined ? [] : ["content-type", contentType]),
    ];
    const plan: Plan = { destination: operands.destination, bodies, headers, timeout };
    return withBroker(context, {
      connection: options,
      work: (client, stopped) =>
        Promise.race([
          ask(context, { client, plan, stopped }),
          stopped.then((): ExitCode => EXIT.failed),
        ]),
    });
  },
});

interface Plan {
  readonly destination: string;
  readonly bodies: AsyncIterable<Body>;
  readonly headers: readonly string[];
  readonly timeout: number;
}

async function ask(
  { terminal }: CommandContext,
  job: { readonly client: StompClient; readonly plan: Plan; readonly stopped: Promise<void> },
): Promise<ExitCode> {
  const { client, plan, stopped } = job;
  const { runtime, out } = terminal;
  let body: Body = "";
  try {
    for await (const whole of plan.bodies) body = whole;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return reportFailure(terminal, error.message);
  }
  const correlation = runtime.id();
  const replyTo = `/temp-queue/reply-${runtime.id()}`;
  const replied = Promise.withResolvers<ReceivedMessage>();
  const subscription = client.subscribe({
    destination: replyTo,
    implicit: repliesByItself(client.server),
    receive: (message) => {
      // The queue is ours alone, and not everybody answers with the header.
      const answers = messageHeader(message, "correlation-id") ?? correlation;
      if (answers === correlation) replied.resolve(message);
    },
  });
  await isConfirmed([subscription], { client, runtime });
  client.send({
    destination: plan.destination,
    headers: [...plan.headers, "reply-to", replyTo, "correlation-id", correlation],
    body,
  });
  const late = Promise.withResolvers<undefined>();
  const stop = after(runtime, { ms: plan.timeout, task: () => late.resolve(undefined) });
  const reply = await showWaiting(terminal, {
    what: "Waiting for the reply",
    promise: Promise.race([replied.promise, late.promise]),
    over: Promise.race([stopped, client.closed]),
  });
  stop();
  if (reply === undefined) {
    const where = visibleText(plan.destination);
    const seconds = plan.timeout / 1000;
    reportFailure(terminal, `No reply within ${seconds} s: does anybody answer at ${where}?`);
    return EXIT.timedOut;
  }
  const isText = typeof reply.body === "string";
  if (isText && out.isTerminal) out.write(visibleLines(String(reply.body)));
  else out.write(reply.body);
  if (isText && !String(reply.body).endsWith("\n")) out.write("\n");
  const failure = messageHeader(reply, REPLY_FAILURE_HEADER);
  if (failure === undefined) return EXIT.ok;
  return reportFailure(terminal, `The reply says that it failed: ${visibleText(failure)}`);
}
