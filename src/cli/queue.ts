/** `stompbox queue`. */

import { defineCommand, type CommandContext } from "./command.ts";
import {
  choiceOperand,
  count,
  list,
  optionalOperand,
  parsed,
  ReadError,
  text,
  toggle,
} from "./command_option.ts";
import { didYouMean } from "./nearest.ts";
import { showValue } from "./show_value.ts";
import { CONNECTION } from "./connection_options.ts";
import { browseQueue } from "./queue_browse.ts";
import { moveMessages, purgeQueue, retryMessages } from "./queue_change.ts";
import { listQueues, QUEUE_SORTS } from "./queue_list.ts";
import { queueName } from "./queue_name.ts";

const ACTIONS = ["ls", "browse", "purge", "move", "retry"] as const;
type Action = (typeof ACTIONS)[number];

/** What an action takes: so many names of queues, and these options. */
interface Taken {
  readonly names: 0 | 1 | 2;
  readonly options: readonly string[];
}

const TAKEN: Readonly<Record<Action, Taken>> = {
  ls: { names: 0, options: ["sort", "filter", "json"] },
  browse: { names: 1, options: ["limit", "after", "json"] },
  purge: { names: 1, options: ["key", "yes"] },
  move: { names: 2, options: ["key", "all"] },
  retry: { names: 1, options: ["key"] },
};

/** Messages shown where nobody says how many. */
const LIMIT = 50;

/** Looks into queues, empties them, and moves what is in them. */
export const queueCommand = defineCommand({
  name: "queue",
  summary: "list queues, look into them, remove and move what waits there",
  group: "look",
  operands: {
    action: choiceOperand(ACTIONS, {
      placeholder: "ACTION",
      description: "ls, browse, purge, move or retry",
    }),
    queue: optionalOperand({
      placeholder: "QUEUE",
      description: "its name, with or without /queue/",
    }),
    target: optionalOperand({ placeholder: "TO", description: "where move puts the messages" }),
  },
  options: {
    sort: parsed(readSort, {
      placeholder: "COLUMN",
      description: `ls: ${QUEUE_SORTS.join(", ")}`,
      completion: QUEUE_SORTS,
    }),
    filter: text({ placeholder: "TEXT", description: "ls: only names with this text" }),
    json: toggle({ description: "ls, browse: JSON lines" }),
    limit: count({ min: 1, max: 1_000_000, description: `browse: so many, not ${LIMIT}` }),
    after: text({ placeholder: "KEY", description: "browse: only what is behind that" }),
    key: list((key) => key, {
      flag: "--key",
      placeholder: "KEY",
      description: "move, purge, retry: only that, again for more",
    }),
    all: toggle({ description: "move: all that waits" }),
    yes: toggle({ short: "-y", description: "purge: do not ask" }),
  },
  shared: CONNECTION,
  examples: [
    { line: "stompbox queue ls", about: "every queue: what waits, who takes it" },
    {
      line: "stompbox queue browse orders",
      about: "shows what waits, and leaves it there; of any broker that lets clients browse",
      needs: ["stompbox pub /queue/orders 'two teas'"],
    },
    {
      line: "stompbox queue purge orders --yes",
      about: "removes what waits",
      needs: ["stompbox pub /queue/orders 'two teas'"],
    },
    {
      line: "stompbox queue move orders orders.old --all",
      about: "moves it to another queue, or to a topic",
      needs: ["stompbox pub /queue/orders 'two teas'"],
    },
    {
      line: "stompbox queue retry DLQ.orders",
      about: "sends dead letters back to where they came from",
      needs: [
        "stompbox pub /queue/orders 'two teas'",
        "stompbox sub /queue/orders --nack --count 6",
      ],
    },
  ],
  contradictions: ({ options, operands }, context) => {
    const { action } = operands;
    const names = [operands.queue, operands.target].filter((name) => name !== undefined);
    const mistakes = [...wordMistakes(action, names), ...optionMistakes(action, context)];
    const { input, err } = context.terminal;
    if (action === "move" && options.all === options.key.length > 0) {
      mistakes.push(
        options.all
          ? "Cannot use --all with --key: expected one of them"
          : 'Cannot move without saying what: expected --key KEY, as "queue browse" shows it, or --all',
      );
    }
    if (action === "purge" && !options.yes && !(input.isTerminal && err.isTerminal)) {
      mistakes.push("Cannot purge without --yes here: there is no terminal to ask at");
    }
    if (action !== "browse" && options.url.carrier === "tcp") {
      mistakes.push(
        `Cannot look after queues over ${options.url.shown}: expected the broker's ws://, wss://, http:// or https:// URL, such as --url ws://localhost:61614`,
      );
    }
    return mistakes;
  },
  run: (context, { options, operands }) => {
    const { action, queue = "", target = "" } = operands;
    const connection = options;
    const keys = options.key.length === 0 ? undefined : options.key;
    switch (action) {
      case "ls":
        return listQueues(context, { ...options, connection });
      case "browse": {
        const { limit = LIMIT, after, json } = options;
        return browseQueue(context, { connection, queue, limit, after, json });
      }
      case "purge":
        return purgeQueue(context, { connection, queue, keys, yes: options.yes });
      case "move":
        return moveMessages(context, { connection, queue, target, keys });
      case "retry":
        return retryMessages(context, { connection, queue, keys });
    }
  },
});

function readSort(text: string): (typeof QUEUE_SORTS)[number] {
  const sort = QUEUE_SORTS.find((each) => each === text.trim().toLowerCase());
  if (sort !== undefined) return sort;
  const otherwise = `expected one of ${QUEUE_SORTS.join(", ")}`;
  throw new ReadError(
    `Unknown column ${showValue(text)}: ${didYouMean(text, QUEUE_SORTS, { otherwise })}`,
  );
}

function wordMistakes(action: Action, names: readonly string[]): string[] {
  const wanted = ["QUEUE", "TO"].slice(0, TAKEN[action].names);
  const usage = ["stompbox queue", action, ...wanted].join(" ");
  const missing = wanted.slice(names.length);
  return [
    ...names
      .slice(wanted.length)
      .map((name) => `Unexpected ${JSON.stringify(name)}: expected ${usage}`),
    ...missing.map((word) => `Cannot ${action} without ${word}: expected ${usage}`),
    // The other name is one of any destination.
    ...names
      .slice(0, Math.min(wanted.length, 1))
      .flatMap((name) =>
        queueName(name) === undefined
          ? [`Cannot use ${JSON.stringify(name)} as QUEUE: expected NAME or /queue/NAME`]
          : [],
      ),
  ];
}

function optionMistakes(action: Action, { given }: CommandContext): string[] {
  const known = new Set(Object.values(TAKEN).flatMap(({ options }) => options));
  return [...given.values.keys()].flatMap((name) => {
    if (!known.has(name) || TAKEN[action].options.includes(name)) return [];
    const takers = ACTIONS.filter((each) => TAKEN[each].options.includes(name));
    return [`Cannot use --${name} with queue ${action}: only for queue ${takers.join(", queue ")}`];
  });
}
