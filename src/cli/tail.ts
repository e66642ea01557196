/** `stompbox tail`. */

import { COMMANDS, type FrameInfo, frameSchema, SYSTEM_TOPIC_PREFIX } from "../api/values.ts";
import type { ReceivedMessage } from "../client/received_message.ts";
import type { StompClient } from "../client/stomp_client.ts";
import { visibleJson, visibleText } from "../observe/visible_text.ts";
import { apiRoots } from "./broker_api.ts";
import {
  type CommandContext,
  defineCommand,
  EXIT,
  type ExitCode,
  NONE,
  reportFailure,
} from "./command.ts";
import { choice, count, list, ReadError, toggle } from "./command_option.ts";
import { CONNECTION, type ConnectionValues } from "./connection_options.ts";
import { type DestinationPattern, destinationPattern } from "./destination_pattern.ts";
import { frameLine } from "./frame_line.ts";
import { didYouMean } from "./nearest.ts";
import { readTrust } from "./read_trust.ts";
import { showValue } from "./show_value.ts";
import { apiFailure, reachApi } from "./with_api.ts";
import { withBroker } from "./with_broker.ts";

/** Shows the frames that go over the connections of a broker. */
export const tailCommand = defineCommand({
  name: "tail",
  summary: "show the frames of a broker, as they come and go",
  group: "look",
  operands: NONE,
  options: {
    connection: list(readConnection, {
      flag: "--connection",
      short: "-c",
      placeholder: "NUMBER",
      description: "only of that connection, again for more",
    }),
    command: list(readCommand, {
      flag: "--command",
      placeholder: "NAME",
      description: "only such frames, again for more: SEND",
      completion: COMMANDS,
    }),
    destination: list(destinationPattern, {
      flag: "--destination",
      placeholder: "PATTERN",
      description: "only to that, again for more: '/queue/orders.*'",
    }),
    direction: choice(["in", "out"], { description: "in: only what clients send" }),
    last: count({
      short: "-n",
      min: 1,
      max: 2_000,
      description: "first the last N, as far as someone watched",
    }),
    bodies: toggle({ short: "-b", description: "show whole bodies" }),
    json: toggle({ description: "JSON lines" }),
  },
  shared: CONNECTION,
  examples: [
    { line: "stompbox tail", about: "every frame of every connection", endless: true },
    {
      line: "stompbox tail --command SEND --destination '/queue/orders.>' --bodies",
      about: "what is sent to some queues",
      endless: true,
    },
    {
      line: "stompbox tail --connection 4 --direction in --json",
      about: "what one client sends, for other programs",
      endless: true,
    },
  ],
  contradictions: ({ options }) => {
    const mistakes: string[] = [];
    if (options.json && options.bodies) {
      mistakes.push("Cannot use --bodies with --json: JSON has them anyway");
    }
    if (options.last !== undefined && apiRoots(options.url).length === 0) {
      mistakes.push(
        `Cannot use --last with ${options.url.shown}: earlier frames come over HTTP, expected the broker's ws:// or wss:// URL`,
      );
    }
    return mistakes;
  },
  run: (context, { options }) => {
    const plan: Plan = { ...options, connections: options.connection };
    return withBroker(context, {
      connection: options,
      work: (client, stopped) => tail(context, { client, stopped, plan, connection: options }),
    });
  },
});

/** Which frames to show, and how. */
interface Plan {
  readonly connections: readonly number[];
  readonly command: readonly string[];
  readonly destination: readonly DestinationPattern[];
  readonly direction?: FrameInfo["direction"] | undefined;
  readonly last?: number | undefined;
  readonly bodies: boolean;
  readonly json: boolean;
}

/** Characters that may wait for whoever reads standard output. */
const BACKLOG_MAX = 256 * 1024;
/** The most that the broker keeps of earlier frames. */
const KEPT_MAX = 2_000;
const STOMPBOX = /^stompbox\//;

async function tail(
  context: CommandContext,
  job: {
    readonly client: StompClient;
    readonly stopped: Promise<void>;
    readonly plan: Plan;
    readonly connection: ConnectionValues;
  },
): Promise<ExitCode> {
  const { client, stopped, plan, connection } = job;
  const { out, err } = context.terminal;
  const fail = (sentence: string): ExitCode => reportFailure(context.terminal, sentence);
  if (!STOMPBOX.test(client.server)) {
    const who = client.server === "" ? "a broker without a name" : visibleText(client.server);
    return fail(
      `Cannot tail ${connection.url.shown}: ${who} answers there, and only stompbox tells of its frames`,
    );
  }

  const ended = Promise.withResolvers<ExitCode>();
  /** Frames that came while the earlier ones were fetched. */
  let early: FrameInfo[] | undefined = plan.last === undefined ? undefined : [];
  /** Number of the latest frame that was fetched: it may come once more. */
  let fetched = 0;
  let waiting = false;
  const show = (frame: FrameInfo): void => {
    if (frame.number <= fetched || !isWanted(frame, plan)) return;
    const width = out.isTerminal ? out.size().columns : undefined;
    const { bodies } = plan;
    out.write(
      plan.json ? `${visibleJson(frame)}\n` : frameLine(frame, { color: out.color, width, bodies }),
    );
    if (waiting || out.backlog() <= BACKLOG_MAX) return;
    // Meanwhile the broker leaves frames out, and says how many.
    waiting = true;
    client.pause();
    void out.drained().then(() => {
      waiting = false;
      client.resume();
    });
  };
  const { confirmed } = client.subscribe({
    destination: `${SYSTEM_TOPIC_PREFIX}frames`,
    headers: selectorHeaders(plan),
    receive: (message) => {
      const frame = readFrame(message);
      if (frame === undefined) {
        ended.resolve(fail("Cannot read a frame: not what this version of stompbox expects"));
      } else if (early !== undefined) early.push(frame);
      else show(frame);
    },
  });
  await Promise.race([confirmed, stopped]);
  if (err.isTerminal) err.write(`Watching ${connection.url.shown}; Ctrl-C ends\n`);
  if (early !== undefined) {
    const earlier = await Promise.race([lastFrames(context, job), stopped]);
    if (typeof earlier === "string") return fail(earlier);
    const live = early;
    early = undefined;
    const [first] = live;
    // What came meanwhile is shown as it came, and is none of the last.
    const before = (earlier ?? []).filter(
      ({ number }) => first === undefined || number < first.number,
    );
    for (const frame of before.slice(-(plan.last ?? 0))) show(frame);
    fetched = before.at(-1)?.number ?? 0;
    for (const frame of live) show(frame);
  }
  return Promise.race([ended.promise, stopped.then((): ExitCode => EXIT.ok)]);
}

/** Earlier frames that are wanted, oldest first; or a sentence that says why there are none. */
async function lastFrames(
  context: CommandContext,
  job: {
    readonly stopped: Promise<void>;
    readonly plan: Plan;
    readonly connection: ConnectionValues;
  },
): Promise<readonly FrameInfo[] | string> {
  const { connection, plan } = job;
  const trust = readTrust(context, connection);
  if (trust === undefined) return "Cannot fetch earlier frames";
  const stop = new AbortController();
  void job.stopped.then(() => stop.abort());
  try {
    const { runtime } = context.terminal;
    const api = await reachApi(connection.url, { trust, stop: stop.signal, runtime });
    const { frames } = await api("frames", { limit: KEPT_MAX });
    return frames.filter((frame) => isWanted(frame, plan));
  } catch (error) {
    if (stop.signal.aborted) return [];
    const sentence = apiFailure(error, { url: connection.url, what: "fetch earlier frames" });
    if (sentence === undefined) throw error;
    return sentence;
  }
}

function readFrame({ body }: ReceivedMessage): FrameInfo | undefined {
  if (typeof body !== "string") return undefined;
  try {
    return frameSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

/** What the broker need not send. It may be more than is wanted, never less. */
function selectorHeaders(plan: Plan): string[] {
  const { connections, command, destination, direction } = plan;
  const oneOf = (name: string, values: readonly string[]): string[] =>
    values.length === 0 ? [] : [`${name} IN (${values.map(textOf).join(", ")})`];
  const likes = destination.map(
    ({ like }) => `"frame-destination" LIKE ${textOf(like)} ESCAPE '!'`,
  );
  const conditions = [
    ...oneOf("connection", connections.map(String)),
    ...oneOf("command", command),
    ...oneOf("direction", direction === undefined ? [] : [direction]),
    ...(likes.length === 0 ? [] : [`(${likes.join(" OR ")})`]),
  ];
  return conditions.length === 0 ? [] : ["selector", conditions.join(" AND ")];
}

function textOf(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function isWanted(frame: FrameInfo, plan: Plan): boolean {
  const { connections, command, destination, direction } = plan;
  const named = frame.headers.find(([name]) => name === "destination")?.[1];
  return (
    (connections.length === 0 || connections.includes(frame.connection)) &&
    (command.length === 0 || command.includes(frame.command)) &&
    (direction === undefined || frame.direction === direction) &&
    (destination.length === 0 ||
      (named !== undefined && destination.some(({ matches }) => matches(named))))
  );
}

function readConnection(text: string): number {
  const digits = text.trim().replace(/^#/, "");
  if (/^\d{1,15}$/.test(digits)) return Number(digits);
  throw new ReadError(`Cannot use ${showValue(text)} as a connection: expected its number`);
}

function readCommand(text: string): string {
  const name = text.trim().toUpperCase();
  if (COMMANDS.some((command) => command === name)) return name;
  const otherwise = `expected one of ${COMMANDS.join(", ")}`;
  throw new ReadError(
    `Unknown command ${showValue(text)}: ${didYouMean(name, COMMANDS, { otherwise })}`,
  );
}
