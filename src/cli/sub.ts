/** `stompbox sub`. */

import { after } from "../client/after.ts";
import type { AckMode } from "../client/client_contract.ts";
import { messageHeader, type ReceivedMessage } from "../client/received_message.ts";
import { durableHeaders, prefetchHeaders } from "../client/spellings.ts";
import type { StompClient } from "../client/stomp_client.ts";
import { visibleText } from "../observe/visible_text.ts";
import { type CommandContext, defineCommand, EXIT, type ExitCode } from "./command.ts";
import { choice, count, duration, operands, text, toggle } from "./command_option.ts";
import { CONNECTION } from "./connection_options.ts";
import { headerOption } from "./header_option.ts";
import { isConfirmed } from "./is_confirmed.ts";
import { FORMATS, type FormatOptions, formatMessage } from "./message_format.ts";
import { withBroker } from "./with_broker.ts";

const DAY_MS = 24 * 3_600_000;

/** Shows messages as they come. */
export const subCommand = defineCommand({
  name: "sub",
  summary: "show messages as they come",
  group: "messages",
  operands: {
    destinations: operands({ placeholder: "DESTINATION", description: "such as /topic/prices.>" }),
  },
  options: {
    format: choice(FORMATS, {
      placeholder: "FORM",
      description: "pretty (on a terminal), json (elsewhere) or raw",
    }),
    null: toggle({ short: "-0", description: "raw bodies, each ended by NUL" }),
    headersOnly: toggle({ description: "leave bodies out" }),
    count: count({ short: "-n", min: 1, max: 1_000_000_000, description: "end after N messages" }),
    timeout: duration({
      short: "-t",
      min: 1,
      max: DAY_MS,
      description: "end when nothing comes for so long",
    }),
    selector: text({ short: "-s", placeholder: "TEXT", description: "only those: weight > 2500" }),
    ack: choice(["auto", "client", "client-individual"], {
      short: "-a",
      placeholder: "MODE",
      description: "auto, client or client-individual (unless told)",
    }),
    nack: toggle({ description: "refuse every message once shown" }),
    prefetch: count({ min: 1, max: 1_000_000, description: "at most N unacknowledged" }),
    durable: text({ placeholder: "NAME", description: "the subscription outlives the command" }),
    clientId: text({ placeholder: "TEXT", description: "whose durable subscription it is" }),
    header: headerOption("add a header to SUBSCRIBE, again for more"),
  },
  shared: CONNECTION,
  examples: [
    {
      line: "stompbox sub /queue/orders --count 1",
      about: "takes one message from a queue",
      needs: ["stompbox pub /queue/orders 'two teas'"],
    },
    {
      line: "stompbox sub '/topic/prices.>'",
      about: "shows what comes, until Ctrl-C",
      endless: true,
    },
    {
      line: "stompbox sub /queue/orders --format json --timeout 1s",
      about: "empties a queue into lines of JSON",
      needs: ["stompbox pub /queue/orders 'two teas'"],
    },
    {
      line: "stompbox sub /queue/orders -H browser:true --ack auto --format raw",
      about: "shows what waits in a queue, and leaves it there",
      needs: ["stompbox pub /queue/orders 'two teas'"],
    },
    {
      line: "stompbox sub /topic/orders --durable shop --client-id till --timeout 1s",
      about: "what came while nobody was there",
      needs: [
        "stompbox sub /topic/orders --durable shop --client-id till --timeout 1ms",
        "stompbox pub /topic/orders 'two teas'",
      ],
    },
  ],
  exits: { [EXIT.timedOut]: "too little came in time" },
  contradictions: ({ options }) => {
    const { ack, nack, null: nul, format, headersOnly } = options;
    const mistakes: string[] = [];
    if (nack && ack === "auto") {
      mistakes.push("Cannot use --nack with --ack auto: messages count as taken once sent");
    }
    if (nul && format !== undefined && format !== "raw") {
      mistakes.push(`Cannot use --null with --format ${format}: expected --format raw`);
    }
    if (nul && headersOnly)
      mistakes.push("Cannot use --null with --headers-only: there is no body");
    return mistakes;
  },
  run: (context, { options, operands: { destinations } }) => {
    const { out } = context.terminal;
    const { format = options.null ? "raw" : out.isTerminal ? "pretty" : "json" } = options;
    const { clientId } = options;
    const plan: Plan = {
      ...options,
      destinations,
      shown: { ...options, format, color: out.color, nul: options.null },
      headers: options.header.flat(),
    };
    return withBroker(context, {
      connection: options,
      headers: clientId === undefined ? [] : ["client-id", clientId],
      work: (client, stopped) => receive(context, { client, stopped, plan }),
    });
  },
});

interface Plan {
  readonly destinations: readonly string[];
  readonly shown: FormatOptions;
  readonly count?: number | undefined;
  readonly timeout?: number | undefined;
  readonly selector?: string | undefined;
  readonly ack?: AckMode | undefined;
  readonly nack: boolean;
  readonly prefetch?: number | undefined;
  readonly durable?: string | undefined;
  readonly headers: readonly string[];
}

/** Characters that may wait for whoever reads standard output. */
const BACKLOG_MAX = 1024 ** 2;
/** Messages asked for ahead where a few are wanted. */
const AHEAD_MAX = 100;

async function receive(
  { terminal }: CommandContext,
  job: { readonly client: StompClient; readonly stopped: Promise<void>; readonly plan: Plan },
): Promise<ExitCode> {
  const { client, stopped, plan } = job;
  const { out, err, runtime } = terminal;
  const ack = ackMode(plan, client);
  const ended = Promise.withResolvers<ExitCode>();
  let seen = 0;
  let gone = false;
  void out.gone.then(() => {
    gone = true;
  });

  const silence = createSilence(plan.timeout, (ms, task) => after(runtime, { ms, task }));
  void silence.over.then(() => {
    // Without a number, whatever came is what was asked for.
    ended.resolve(seen > 0 && plan.count === undefined ? EXIT.ok : EXIT.timedOut);
  });

  /** Shown, and not yet settled: a message is taken only once somebody has taken what it says. */
  let shown: ReceivedMessage[] = [];
  let settling = false;
  const settle = async (): Promise<void> => {
    if (settling) return;
    settling = true;
    while (shown.length > 0) {
      const batch = shown;
      shown = [];
      await out.drained();
      if (gone) return;
      if (ack !== "auto") {
        for (const message of batch) plan.nack ? client.nack(message) : client.ack(message);
      }
      client.resume();
    }
    settling = false;
    if (isEnough()) ended.resolve(EXIT.ok);
  };
  const isEnough = (): boolean => plan.count !== undefined && seen >= plan.count;

  const take = (message: ReceivedMessage): void => {
    if (gone || isEnough()) return;
    // The end of what a browser is shown, which is no message (see docs/destinations.md).
    if (messageHeader(message, "browser") === "end") {
      ended.resolve(plan.count === undefined ? EXIT.ok : EXIT.timedOut);
      return;
    }
    seen++;
    silence.broken();
    out.write(formatMessage(message, plan.shown));
    shown.push(message);
    if (out.backlog() > BACKLOG_MAX) client.pause();
    settle().catch(ended.reject);
  };
  const subscriptions = plan.destinations.map((destination, index) =>
    client.subscribe({
      destination,
      ack,
      receive: take,
      id: plan.durable === undefined ? undefined : durableId(plan.durable, index),
      headers: subscribeHeaders(plan, index),
    }),
  );
  const confirmed = await Promise.race([
    isConfirmed(subscriptions, { client, runtime }),
    Promise.race([ended.promise, stopped]).then(() => true),
  ]);
  if (err.isTerminal) {
    const what = visibleText(plan.destinations.join(", "));
    const told = confirmed
      ? `Subscribed to ${what}`
      : `Asked for ${what}, which the broker has not confirmed`;
    err.write(`${told}; Ctrl-C ends\n`);
  }
  silence.broken();
  const interrupted = stopped.then((): ExitCode => {
    const asked = plan.count !== undefined && !gone;
    return asked && seen < (plan.count ?? 0) ? EXIT.failed : EXIT.ok;
  });
  try {
    return await Promise.race([ended.promise, interrupted]);
  } finally {
    silence.end();
  }
}

/** STOMP 1.0 has no `client-individual`; in order of arrival `client` comes to the same. */
function ackMode({ ack = "client-individual" }: Plan, { version }: StompClient): AckMode {
  return version === "1.0" && ack === "client-individual" ? "client" : ack;
}

/** One name may stand for several destinations; each needs an id of its own. */
function durableId(name: string, index: number): string {
  return index === 0 ? name : `${name}-${index + 1}`;
}

function subscribeHeaders(plan: Plan, index: number): string[] {
  const { selector, durable, headers } = plan;
  const prefetch =
    plan.prefetch ?? (plan.count === undefined ? undefined : Math.min(plan.count, AHEAD_MAX));
  return [
    ...headers,
    ...(selector === undefined ? [] : ["selector", selector]),
    ...(prefetch === undefined ? [] : prefetchHeaders(prefetch)),
    ...(durable === undefined ? [] : durableHeaders(durableId(durable, index))),
  ];
}

/** Notices when nothing comes for so long. */
interface Silence {
  /** Settles then; never without a time. */
  readonly over: Promise<void>;
  /** Something came. */
  readonly broken: () => void;
  readonly end: () => void;
}

function createSilence(
  ms: number | undefined,
  start: (ms: number, task: () => void) => () => void,
): Silence {
  const over = Promise.withResolvers<void>();
  let stop = (): void => undefined;
  return {
    over: over.promise,
    broken: () => {
      stop();
      if (ms !== undefined) stop = start(ms, over.resolve);
    },
    end: () => stop(),
  };
}
