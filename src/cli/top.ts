/** `stompbox top`. */

import { type Statistics, statisticsSchema, SYSTEM_TOPIC_PREFIX } from "../api/values.ts";
import { after } from "../client/after.ts";
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
import { choice, toggle } from "./command_option.ts";
import { CONNECTION, type ConnectionValues } from "./connection_options.ts";
import { type Key, takeScreen, watchKeys } from "./full_screen.ts";
import { readTrust } from "./read_trust.ts";
import { cutText } from "./text_table.ts";
import { createTopPoll, type TopPoll } from "./top_poll.ts";
import {
  brokerOrders,
  orderCount,
  plainText,
  screenLines,
  TOP_VIEWS,
  type TopChoice,
  type TopPicture,
} from "./top_view.ts";
import { apiFailure, reachApi } from "./with_api.ts";
import { withBroker } from "./with_broker.ts";

/** Shows how a broker is doing. */
export const topCommand = defineCommand({
  name: "top",
  summary: "show how a broker is doing, live: rates, queues, connections, what is wrong",
  group: "look",
  operands: NONE,
  options: {
    view: choice(TOP_VIEWS, { description: "begin with that, not with queues" }),
    once: toggle({ description: "print one table and end, as off a terminal" }),
    json: toggle({ description: "print everything as one line of JSON and end" }),
  },
  shared: CONNECTION,
  examples: [
    { line: "stompbox top", about: "live; off a terminal one table" },
    { line: "stompbox top --once --view connections", about: "one table of the connections" },
    { line: "stompbox top --json", about: "everything, for other programs" },
  ],
  notes: [
    "Keys: q quit; tab, 1, 2 queues or connections; left, right, s sorted by what;",
    "up, down which way; p pause.",
    "",
  ],
  contradictions: ({ options }) => {
    const mistakes: string[] = [];
    if (options.json && options.view !== undefined) {
      mistakes.push("Cannot use --view with --json: JSON has both");
    }
    if (apiRoots(options.url).length === 0) {
      mistakes.push(
        `Cannot watch a broker over ${options.url.shown}: expected its ws://, wss://, http:// or https:// URL, such as --url ws://localhost:61614`,
      );
    }
    return mistakes;
  },
  run: (context, { options }) => {
    const { out, env } = context.terminal;
    const { view = "queues" } = options;
    const canDraw = out.isTerminal && env.TERM !== "dumb";
    const form = options.json ? "json" : options.once || !canDraw ? "plain" : "live";
    return withBroker(context, {
      connection: options,
      work: (client, stopped) => top(context, { client, stopped, connection: options, view, form }),
    });
  },
});

interface Job {
  readonly client: StompClient;
  readonly stopped: Promise<void>;
  readonly connection: ConnectionValues;
  readonly view: TopChoice["view"];
  readonly form: "json" | "plain" | "live";
}

/** How long the broker may be silent about itself, in ms: it speaks each second. */
const STATISTICS_MS = 10_000;
const STOMPBOX = /^stompbox\//;

async function top(context: CommandContext, job: Job): Promise<ExitCode> {
  const { client, stopped, connection } = job;
  const { terminal } = context;
  const { runtime } = terminal;
  const fail = (sentence: string): ExitCode => reportFailure(terminal, sentence);
  const { url } = connection;
  if (!STOMPBOX.test(client.server)) {
    const who = client.server === "" ? "a broker without a name" : visibleText(client.server);
    return fail(
      `Cannot watch ${url.shown}: ${who} answers there, and only stompbox tells how it is doing`,
    );
  }
  const trust = readTrust(context, connection);
  if (trust === undefined) return EXIT.misuse;
  const stop = new AbortController();
  void stopped.then(() => stop.abort());
  void client.closed.then(() => stop.abort());
  try {
    const api = await reachApi(url, { trust, stop: stop.signal, runtime });
    const status = await api("status", {});
    const about: Watched = {
      picture: { url: url.shown, status, statusAt: runtime.now() },
      poll: createTopPoll(api, runtime.now),
      statistics: watchStatistics(client),
    };
    return await (job.form === "live"
      ? showLive(context, { job, about })
      : printOnce(context, { job, about }));
  } catch (error) {
    // What became of a lost connection is told elsewhere.
    if (stop.signal.aborted) return job.form === "live" ? EXIT.ok : EXIT.failed;
    if (error instanceof Unusable) return fail(`Cannot watch ${url.shown}: ${error.message}`);
    const sentence = apiFailure(error, { url, what: `watch ${url.shown}` });
    if (sentence === undefined) throw error;
    return fail(sentence);
  }
}

interface Watched {
  readonly picture: Pick<TopPicture, "url" | "status" | "statusAt">;
  readonly poll: TopPoll;
  readonly statistics: StatisticsSource;
}

/** What the broker sent is of no use; the message says why, to follow a colon. */
class Unusable extends Error {}

/** What the broker says of itself each second. */
interface StatisticsSource {
  /** The latest that nobody was given yet, or the next; rejects with {@link Unusable}. */
  readonly next: () => Promise<Statistics>;
}

function watchStatistics(client: StompClient): StatisticsSource {
  let latest: Statistics | Unusable | undefined;
  let changed = Promise.withResolvers<void>();
  client.subscribe({
    destination: `${SYSTEM_TOPIC_PREFIX}statistics`,
    receive: ({ body }) => {
      latest = readStatistics(body) ?? new Unusable("it sent what this version does not expect");
      changed.resolve();
    },
  });
  return {
    next: async () => {
      while (latest === undefined) await changed.promise;
      changed = Promise.withResolvers<void>();
      const given = latest;
      latest = undefined;
      if (given instanceof Unusable) throw given;
      return given;
    },
  };
}

function readStatistics(body: string | Uint8Array): Statistics | undefined {
  if (typeof body !== "string") return undefined;
  try {
    return statisticsSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

const BEGINNING: Omit<TopChoice, "view"> = {
  sort: { queues: 0, connections: 0 },
  descending: true,
  paused: false,
};

async function printOnce(
  { terminal }: CommandContext,
  { job, about }: { readonly job: Job; readonly about: Watched },
): Promise<ExitCode> {
  const { stopped, view, form } = job;
  const { out, runtime } = terminal;
  const { poll, statistics } = about;
  const orders = brokerOrders(BEGINNING);
  const looked = async (): Promise<TopPicture> => {
    // What moved can be told from two looks only.
    await statistics.next();
    await Promise.all([poll.queues(orders.queues), poll.connections(orders.connections)]);
    const { sample, problems } = await statistics.next();
    const [queues, connections] = await Promise.all([
      poll.queues(orders.queues),
      poll.connections(orders.connections),
    ]);
    return { ...about.picture, sample, problems, queues, connections };
  };
  const late = Promise.withResolvers<never>();
  const forget = after(runtime, {
    ms: STATISTICS_MS,
    task: () => late.reject(new Unusable(`nothing came within ${STATISTICS_MS / 1000} s`)),
  });
  try {
    const picture = await Promise.race([looked(), late.promise, stopped]);
    if (picture === undefined) return EXIT.failed;
    out.write(
      form === "json"
        ? `${visibleJson(jsonOf(picture))}\n`
        : plainText(picture, { ...BEGINNING, view }),
    );
    return EXIT.ok;
  } finally {
    forget();
  }
}

function jsonOf({ url, status, sample, problems, queues, connections }: TopPicture): object {
  return {
    ...{ url, version: status.version, uptimeMs: status.uptimeMs, sample, problems },
    ...{ queues: queues?.rows ?? [], connections: connections?.rows ?? [] },
  };
}

async function showLive(
  { terminal }: CommandContext,
  { job, about }: { readonly job: Job; readonly about: Watched },
): Promise<ExitCode> {
  const { client, stopped } = job;
  const { out, input } = terminal;
  const { poll, statistics } = about;
  let choice: TopChoice = { ...BEGINNING, view: job.view };
  let picture: TopPicture | undefined;
  const quit = Promise.withResolvers<ExitCode>();
  const screen = takeScreen(terminal);
  // What is told of a lost connection is to be read, not drawn over.
  void client.closed.then(screen.close);

  const draw = (): void => {
    const { columns, rows } = out.size();
    screen.draw(
      picture === undefined
        ? [cutText(`Waiting for ${visibleText(about.picture.url)}`, columns)]
        : screenLines(picture, { choice, color: out.color, columns, rows }),
    );
  };
  const look = async (): Promise<never> => {
    for (;;) {
      const { sample, problems } = await statistics.next();
      if (choice.paused) continue;
      const orders = brokerOrders(choice);
      // Only what is seen is asked for; the other keeps what it had.
      const [queues, connections] = await Promise.all([
        choice.view === "queues" ? poll.queues(orders.queues) : picture?.queues,
        choice.view === "connections" ? poll.connections(orders.connections) : picture?.connections,
      ]);
      if (choice.paused) continue;
      picture = { ...about.picture, sample, problems, queues, connections };
      draw();
    }
  };
  const press = (key: Key): void => {
    if (key === "q" || key === "ctrl-c") quit.resolve(EXIT.ok);
    choice = afterKey(choice, key);
    draw();
  };
  const forgetResize = out.onResize(draw);
  draw();
  if (input.isTerminal) watchKeys(input, press).catch(quit.reject);
  try {
    return await Promise.race([look(), quit.promise, stopped.then((): ExitCode => EXIT.ok)]);
  } finally {
    forgetResize();
    screen.close();
  }
}

function afterKey(choice: TopChoice, key: Key): TopChoice {
  const { view, sort, paused } = choice;
  const count = orderCount(view);
  const sortedBy = (at: number): TopChoice => ({
    ...choice,
    sort: { ...sort, [view]: (at + count) % count },
  });
  switch (key) {
    case "tab":
      return { ...choice, view: view === "queues" ? "connections" : "queues" };
    case "1":
      return { ...choice, view: "queues" };
    case "2":
      return { ...choice, view: "connections" };
    case "right":
    case "s":
      return sortedBy(sort[view] + 1);
    case "left":
      return sortedBy(sort[view] - 1);
    case "up":
      return { ...choice, descending: false };
    case "down":
      return { ...choice, descending: true };
    case "p":
      return { ...choice, paused: !paused };
    default:
      return choice;
  }
}
