/** `stompbox pub`. */

import type { ClientTransaction } from "../client/client_contract.ts";
import type { StompClient } from "../client/stomp_client.ts";
import { type Body, type BodyWords, bodyMistakes, InputError, openBodies } from "./body_source.ts";
import {
  type CommandContext,
  defineCommand,
  EXIT,
  type ExitCode,
  reportFailure,
  reportMistakes,
} from "./command.ts";
import { count, factor, operand, ReadError, toggle } from "./command_option.ts";
import { CONNECTION } from "./connection_options.ts";
import type { HeaderPair } from "./header_option.ts";
import { BODY, BODY_FILE, HEADERS } from "./message_options.ts";
import { createPace } from "./pace.ts";
import { STANDSTILL_MAX_MS, watchPatience } from "./patience.ts";
import { showProgress } from "./progress.ts";
import { createReceiptWindow, type ReceiptWindow } from "./receipt_window.ts";
import { readTemplate, type Template } from "./template.ts";
import { withBroker } from "./with_broker.ts";

/** Sends messages. */
export const pubCommand = defineCommand({
  name: "pub",
  summary: "send messages",
  group: "messages",
  operands: {
    destination: operand({ placeholder: "DESTINATION", description: "such as /queue/orders" }),
    body: BODY,
  },
  options: {
    file: BODY_FILE,
    lines: toggle({ short: "-l", description: "every line is a message of its own" }),
    ...HEADERS,
    count: count({ short: "-n", min: 1, max: 1_000_000_000, description: "send it N times" }),
    rate: factor({ min: 0.001, max: 1_000_000, description: "at most X messages a second" }),
    template: toggle({ description: "fill in {{count}}, {{random 1 6}} and others" }),
    persistent: toggle({ description: "ask the broker to keep it through a restart" }),
    receipt: toggle({ short: "-r", description: "wait for the receipt of every message" }),
    transaction: toggle({ description: "all messages or none" }),
  },
  shared: CONNECTION,
  examples: [
    { line: "stompbox pub /queue/orders 'two teas'", about: "one message" },
    {
      line: "seq 1000 | stompbox pub /queue/numbers --lines",
      about: "a message for each line",
    },
    {
      line: "stompbox pub /topic/dice '{{random 1 6}}' --template --count 10 --rate 100",
      about: "ten throws of a die, a hundred a second",
    },
    {
      line: "stompbox pub /queue/orders -H priority:9 -H kind:tea tea",
      about: "with headers",
    },
    {
      line: "printf 'one\\ntwo\\n' | stompbox pub /queue/orders --lines --transaction",
      about: "all lines or none",
    },
  ],
  contradictions: ({ options, operands }, { terminal }) => {
    const words: BodyWords = { ...operands, file: options.file, lines: options.lines };
    const mistakes = bodyMistakes(words, terminal);
    if (options.lines && options.count !== undefined) {
      mistakes.push("Cannot use --count with --lines: every line is sent once");
    }
    if (options.template) {
      const literal = words.body === "-" ? undefined : words.body;
      for (const written of [literal, ...options.header.map(([, value]) => value)]) {
        const mistake = templateMistake(written ?? "");
        if (mistake !== undefined) mistakes.push(mistake);
      }
    }
    return mistakes;
  },
  run: (context, { options, operands }) => {
    const { destination } = operands;
    const { contentType, persistent } = options;
    const words: BodyWords = { ...operands, file: options.file, lines: options.lines };
    const bodies = openBodies(words, context.terminal);
    if (typeof bodies === "string") return reportMistakes(context.terminal, [bodies]);
    const pairs: HeaderPair[] = [
      ...options.header,
      ...(contentType === undefined ? [] : [["content-type", contentType] as const]),
      ...(persistent ? [["persistent", "true"] as const] : []),
    ];
    const plan: Plan = { ...options, destination, bodies, headers: pairs };
    const tally: Tally = { sent: 0, heard: 0, stopped: false, waiting: false };
    return withBroker(context, {
      connection: options,
      heard: () => void tally.heard++,
      work: (client, stopped) => publish(context, { client, stopped, plan, tally }),
    });
  },
});

/** What is to be sent, and how. */
interface Plan {
  readonly destination: string;
  readonly bodies: AsyncIterable<Body>;
  readonly headers: readonly HeaderPair[];
  readonly count?: number | undefined;
  readonly rate?: number | undefined;
  readonly template: boolean;
  readonly receipt: boolean;
  readonly transaction: boolean;
}

/** How far it is. */
interface Tally {
  sent: number;
  /** How often something came from the broker. */
  heard: number;
  /** Ctrl-C was pressed. */
  stopped: boolean;
  /** The broker has to do something before it goes on. */
  waiting: boolean;
}

async function publish(
  { terminal }: CommandContext,
  job: {
    readonly client: StompClient;
    readonly stopped: Promise<void>;
    readonly plan: Plan;
    readonly tally: Tally;
  },
): Promise<ExitCode> {
  const { client, stopped, plan, tally } = job;
  const { runtime, err } = terminal;
  const start = runtime.now();
  const hideProgress = showProgress(terminal, () => `Sent ${tally.sent} messages`);
  void client.closed.then(hideProgress);
  const transaction = plan.transaction ? client.begin() : undefined;
  // Some brokers confirm what is in a transaction at its end only.
  const window = createReceiptWindow(plan.receipt && transaction === undefined);
  const noticed = stopped.then(() => {
    tally.stopped = true;
    return "stopped";
  });
  const patience = watchPatience({
    runtime,
    isWaiting: () => tally.waiting,
    heard: () => tally.heard,
    progress: () => [tally.sent, window.open(), client.buffered].join(" "),
  });
  const undo = async (): Promise<void> => {
    tally.waiting = true;
    await Promise.race([transaction?.abort(), patience.over]);
  };
  try {
    const sending = sendAll({ client, transaction, plan, tally, window, runtime });
    const late = patience.over.then((what) => ({ what }));
    const outcome = await Promise.race([sending, noticed, late]);
    hideProgress();
    if (tally.stopped) {
      await undo();
      const told = transaction === undefined ? `after ${messages(tally.sent)}` : "and sent nothing";
      return reportFailure(terminal, `Stopped ${told}`);
    }
    if (typeof outcome === "object") {
      const what = `Sent ${messages(tally.sent)}, which are not all confirmed`;
      return reportFailure(terminal, `${what}: the broker has ${outcome.what}`);
    }
    if (outcome === "unconfirmed") {
      const sentence = "The broker has not confirmed in time that it has everything";
      return reportFailure(terminal, sentence);
    }
  } catch (error) {
    hideProgress();
    if (!(error instanceof InputError || error instanceof ReadError)) throw error;
    await undo();
    const told = transaction === undefined ? `Sent ${messages(tally.sent)}` : "Sent nothing";
    return reportFailure(terminal, `${error.message}\n  ${told}`);
  } finally {
    patience.end();
  }
  const seconds = ((runtime.now() - start) / 1000).toFixed(1);
  if (err.isTerminal) err.write(`Sent ${messages(tally.sent)} in ${seconds} s\n`);
  return EXIT.ok;
}

function messages(count: number): string {
  return count === 1 ? "1 message" : `${count} messages`;
}

/** Sends it all; answers what became of that. */
async function sendAll(job: {
  readonly client: StompClient;
  readonly transaction: ClientTransaction | undefined;
  readonly plan: Plan;
  readonly tally: Tally;
  readonly window: ReceiptWindow;
  readonly runtime: CommandContext["terminal"]["runtime"];
}): Promise<"confirmed" | "unconfirmed" | "stopped"> {
  const { client, transaction, plan, tally, window, runtime } = job;
  const pace = createPace(runtime, plan.rate);
  const fill = (text: string): Template => (plan.template ? readTemplate(text) : () => text);
  const headers = plan.headers.map(([name, value]) => [name, fill(value)] as const);
  for await (const body of plan.bodies) {
    const bodyOf = typeof body === "string" ? fill(body) : () => body;
    for (let times = plan.count ?? 1; times > 0; times--) {
      await pace();
      tally.waiting = true;
      await window.room();
      tally.waiting = false;
      if (tally.stopped) return "stopped";
      const values = { count: tally.sent + 1, runtime };
      const message = {
        destination: plan.destination,
        headers: headers.flatMap(([name, value]) => [name, value(values)]),
        body: bodyOf(values),
        transaction: transaction?.id,
      };
      const hasRoom = window.send(client, message);
      tally.sent++;
      tally.waiting = true;
      if (!hasRoom) await client.drained();
      tally.waiting = false;
    }
  }
  tally.waiting = true;
  await window.settled();
  await transaction?.commit();
  // What was sent is accepted before the goodbye is answered, or an ERROR comes instead.
  const confirmed = await client.disconnect({ timeoutMs: STANDSTILL_MAX_MS });
  const reason = await client.closed;
  if (reason !== undefined) throw reason;
  return confirmed ? "confirmed" : "unconfirmed";
}

function templateMistake(text: string): string | undefined {
  try {
    readTemplate(text);
    return undefined;
  } catch (error) {
    if (error instanceof ReadError) return error.message;
    throw error;
  }
}
