/** How `top` looks: lines of text from what the broker said. */

import type { Problem, Sample, Status } from "../api/values.ts";
import { visibleText } from "../observe/visible_text.ts";
import { ageOf, queueLabel } from "./queue_list.ts";
import {
  readableAge,
  readableBytes,
  readableCount,
  readableRate,
  readableTime,
} from "./readable_amount.ts";
import { cutText, type TextColumn, textTable } from "./text_table.ts";
import type { ConnectionOrder, ConnectionRow, QueueOrder, QueueRow, Rows } from "./top_poll.ts";

/** What can be looked at. */
export const TOP_VIEWS = ["queues", "connections"] as const;

/** One of {@link TOP_VIEWS}. */
export type TopViewName = (typeof TOP_VIEWS)[number];

/** Everything that is shown. */
export interface TopPicture {
  /** Of the broker, as shown. */
  readonly url: string;
  readonly status: Status;
  /** When the status was asked for, in ms since the epoch. */
  readonly statusAt: number;
  readonly sample: Sample;
  readonly problems: readonly Problem[];
  readonly queues: Rows<QueueRow> | undefined;
  readonly connections: Rows<ConnectionRow> | undefined;
}

/** What whoever looks has chosen. */
export interface TopChoice {
  readonly view: TopViewName;
  /** Which of the orders of each view: an index, 0 being what moves. */
  readonly sort: Readonly<Record<TopViewName, number>>;
  readonly descending: boolean;
  readonly paused: boolean;
}

/** A column that the table can be sorted by. */
interface Column<T, O> extends TextColumn<T> {
  /** As in a sentence. */
  readonly name: string;
  readonly value: (row: T) => number | string | undefined;
  /** What comes nearest to it among the orders that the broker knows. */
  readonly order: O;
}

const RATE_WIDTH = 5;
const right = true;
const down = "desc" as const;

function rateOf(rate: number | undefined): string {
  return (rate === undefined ? "-" : readableRate(rate)).padStart(RATE_WIDTH);
}

function queueColumns(now: number): readonly Column<QueueRow, QueueOrder>[] {
  return [
    {
      ...{ title: "NAME", name: "name", order: { sort: "name", order: down } },
      ...{ cell: queueLabel, value: queueLabel },
    },
    {
      ...{ title: "IN/S", name: "messages in", order: { sort: "enqueued", order: down }, right },
      ...{ cell: ({ inRate }) => rateOf(inRate), value: ({ inRate }) => inRate },
    },
    {
      ...{ title: "OUT/S", name: "messages out", order: { sort: "enqueued", order: down }, right },
      ...{ cell: ({ outRate }) => rateOf(outRate), value: ({ outRate }) => outRate },
    },
    {
      ...{ title: "READY", name: "messages ready", order: { sort: "ready", order: down }, right },
      ...{ cell: ({ ready }) => String(ready), value: ({ ready }) => ready },
    },
    {
      ...{ title: "HELD", name: "messages held", order: { sort: "held", order: down }, right },
      ...{ cell: ({ held }) => String(held), value: ({ held }) => held },
    },
    {
      ...{
        title: "CONSUMERS",
        name: "consumers",
        order: { sort: "consumers", order: down },
        right,
      },
      ...{ cell: ({ consumers }) => String(consumers), value: ({ consumers }) => consumers },
    },
    {
      ...{
        title: "OLDEST",
        name: "oldest message",
        order: { sort: "oldestAt", order: "asc" },
        right,
      },
      cell: ({ oldestAt }) => ageOf(oldestAt, now),
      value: ({ oldestAt }) => (oldestAt === undefined ? undefined : now - oldestAt),
    },
    {
      ...{ title: "BYTES", name: "bytes", order: { sort: "bytes", order: down }, right },
      ...{ cell: ({ bytes }) => readableBytes(bytes), value: ({ bytes }) => bytes },
    },
  ];
}

function connectionColumns(now: number): readonly Column<ConnectionRow, ConnectionOrder>[] {
  return [
    {
      ...{ title: "CONNECTION", name: "number", order: { sort: "number", order: down } },
      ...{ cell: connectionLabel, value: ({ number }) => number },
    },
    {
      ...{ title: "IN/S", name: "messages in", order: { sort: "messagesIn", order: down }, right },
      ...{ cell: ({ inRate }) => rateOf(inRate), value: ({ inRate }) => inRate },
    },
    {
      ...{
        title: "OUT/S",
        name: "messages out",
        order: { sort: "messagesOut", order: down },
        right,
      },
      ...{ cell: ({ outRate }) => rateOf(outRate), value: ({ outRate }) => outRate },
    },
    {
      ...{
        title: "SUBS",
        name: "subscriptions",
        order: { sort: "subscriptions", order: down },
        right,
      },
      cell: ({ subscriptions }) => String(subscriptions),
      value: ({ subscriptions }) => subscriptions,
    },
    {
      ...{ title: "UNACKED", name: "unacknowledged", right },
      order: { sort: "unacknowledged", order: down },
      cell: ({ unacknowledged }) => String(unacknowledged),
      value: ({ unacknowledged }) => unacknowledged,
    },
    {
      ...{
        title: "OUTBOX",
        name: "bytes to send",
        order: { sort: "outboxBytes", order: down },
        right,
      },
      cell: ({ outboxBytes }) => readableBytes(outboxBytes),
      value: ({ outboxBytes }) => outboxBytes,
    },
    {
      ...{
        title: "SILENT",
        name: "silence",
        order: { sort: "lastReceivedAt", order: "asc" },
        right,
      },
      cell: ({ lastReceivedAt }) => readableAge(now - lastReceivedAt),
      value: ({ lastReceivedAt }) => now - lastReceivedAt,
    },
  ];
}

function connectionLabel({ number, login, peer, version, state }: ConnectionRow): string {
  const address = peer.address.includes(":") ? `[${peer.address}]` : peer.address;
  const place = address === "" ? peer.transport : `${peer.transport} ${address}:${peer.port}`;
  const who = login === "" ? "" : ` ${login}`;
  const how = state === "connected" ? (version === "" ? "" : ` ${version}`) : ` ${state}`;
  return visibleText(`#${number}${who} ${place}${how}`);
}

/** How many orders a view has: what moves, and each of its columns. */
export function orderCount(view: TopViewName): number {
  return 1 + (view === "queues" ? queueColumns(0) : connectionColumns(0)).length;
}

/** What to ask the broker for, so that of a very long list the rows that matter come. */
export function brokerOrders({ sort, descending }: Pick<TopChoice, "sort" | "descending">): {
  readonly queues: QueueOrder;
  readonly connections: ConnectionOrder;
} {
  // What moves most is most likely among what came most.
  const columnOf = (at: number): number => (at === 0 ? 1 : at - 1);
  const queue = queueColumns(0)[columnOf(sort.queues)];
  const connection = connectionColumns(0)[columnOf(sort.connections)];
  return {
    queues: turned(queue?.order ?? { sort: "enqueued", order: down }, descending),
    connections: turned(connection?.order ?? { sort: "messagesIn", order: down }, descending),
  };
}

function turned<O extends { readonly order: "asc" | "desc" }>(order: O, descending: boolean): O {
  return descending ? order : { ...order, order: order.order === "asc" ? down : "asc" };
}

interface Sorted {
  readonly title: string;
  readonly lines: readonly string[];
  /** By what, for a person. */
  readonly by: string;
  readonly total: number;
  readonly rows: number;
  /** What stands in place of rows where there are none. */
  readonly empty: string;
}

function tableOf(
  { queues, connections, sample }: TopPicture,
  about: TopChoice & { readonly width: number | undefined },
): Sorted {
  const empty = (given: unknown): string =>
    given === undefined ? `Waiting for the ${about.view}` : `No ${about.view}`;
  return about.view === "queues"
    ? sorted(queues, {
        ...about,
        empty: empty(queues),
        columns: queueColumns(sample.at),
        at: about.sort.queues,
      })
    : sorted(connections, {
        ...about,
        empty: empty(connections),
        columns: connectionColumns(sample.at),
        at: about.sort.connections,
      });
}

function sorted<
  T extends { readonly inRate: number | undefined; readonly outRate: number | undefined },
>(
  given: Rows<T> | undefined,
  about: {
    readonly columns: readonly Column<T, unknown>[];
    /** 0 for what moves, otherwise one more than the index of a column. */
    readonly at: number;
    readonly descending: boolean;
    readonly width: number | undefined;
    readonly empty: string;
  },
): Sorted {
  const { columns, at, descending, width, empty } = about;
  const chosen = at === 0 ? undefined : columns[at - 1];
  const first = columns[0];
  const value =
    chosen?.value ??
    (({ inRate, outRate }: T): number | undefined =>
      inRate === undefined ? undefined : inRate + (outRate ?? 0));
  const sign = descending ? -1 : 1;
  const rows = [...(given?.rows ?? [])].sort(
    (a, b) =>
      compare(value(a), value(b), sign) ||
      (first === undefined ? 0 : compare(first.value(a), first.value(b), 1)),
  );
  const mark = descending ? "▼" : "▲";
  const marked = columns.map((column) =>
    column === chosen ? { ...column, title: `${column.title}${mark}` } : column,
  );
  const { title, lines } = textTable(rows, { columns: marked, width });
  const by = `${chosen?.name ?? "activity"} ${mark}`;
  return { title, lines, by, total: given?.total ?? 0, rows: rows.length, empty };
}

/** Negative if `a` comes first; what is not known comes last, whichever way. */
function compare(
  a: number | string | undefined,
  b: number | string | undefined,
  sign: 1 | -1,
): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return a < b ? -sign : sign;
}

function headerLines({ url, status, statusAt, sample }: TopPicture): string[] {
  const up = readableAge(status.uptimeMs + sample.at - statusAt);
  const time = new Date(sample.at).toISOString().slice(11, 19);
  const { connections, subscriptions, queueMessages, heldMessages } = sample;
  const { messagesInRate, messagesOutRate, framesInRate, deadLetters, refusals } = sample;
  return [
    `stompbox ${visibleText(status.version)} at ${visibleText(url)}, up ${up}, ${time} UTC`,
    `messages/s  ${readableRate(messagesInRate)} in, ${readableRate(messagesOutRate)} out; ${readableRate(framesInRate)} frames in; ${readableCount(connections, "connection")}, ${readableCount(subscriptions, "subscription")}`,
    `in queues   ${queueMessages} ready, ${heldMessages} held; since the start ${readableCount(deadLetters, "dead letter")}, ${readableCount(refusals, "refusal")}`,
    `memory      ${readableBytes(sample.memoryBytes)} of ${readableBytes(sample.memoryBytesMax)} for messages, ${readableBytes(sample.residentBytes)} in all; event loop late ${readableTime(sample.eventLoopDelayMs)}`,
  ];
}

/** The picture as plain text, for whoever reads it later. */
export function plainText(picture: TopPicture, choice: TopChoice): string {
  const { title, lines, total, rows, empty } = tableOf(picture, { ...choice, width: undefined });
  const more = total > rows ? [`… and ${total - rows} more`] : [];
  const table = rows === 0 ? [empty] : [title, ...lines, ...more];
  const problems = picture.problems.map(({ sentence }) => `! ${visibleText(sentence)}`);
  return [...headerLines(picture), ...problems, "", ...table].map((line) => `${line}\n`).join("");
}

/** Of the screen, so much may go to what is wrong. */
const PROBLEM_SHARE = 1 / 3;
/** The second where there is no room for the first, as with 80 columns. */
const KEYS = [
  "q quit  tab view  ←→ s sort  ↑↓ order  p pause",
  "q quit  tab  s sort  ↑↓  p pause",
] as const;

/** The picture as lines of a screen of that size. */
export function screenLines(
  picture: TopPicture,
  about: {
    readonly choice: TopChoice;
    readonly color: boolean;
    readonly columns: number;
    readonly rows: number;
  },
): string[] {
  const { choice, color, columns, rows } = about;
  const paint = (text: string, code: string): string =>
    color ? `\x1b[${code}m${text}\x1b[0m` : text;
  const fit = (text: string): string => cutText(text, columns);
  const [name = "", ...facts] = headerLines(picture).map(fit);
  const { title, lines, by, total, empty } = tableOf(picture, { ...choice, width: columns });
  const tabs = TOP_VIEWS.map((view, at) => {
    const tab = `${at + 1} ${view}`;
    return view === choice.view ? `[${tab}]` : ` ${tab} `;
  }).join("");
  const what = `${tabs} ${total}, by ${by}   `;
  const [long, short] = KEYS;
  const keys = Bun.stringWidth(what + long) <= columns ? long : short;
  const bar = fit(what + (choice.paused ? "PAUSED, p goes on" : keys));
  const table = total === 0 ? [empty] : lines;
  const above = [
    paint(name, "1"),
    ...facts,
    ...problemLines(picture, Math.max(Math.floor(rows * PROBLEM_SHARE), 1)).map((line) =>
      paint(fit(line), "33"),
    ),
    paint(bar, "36"),
    paint(title, "1"),
  ];
  const shown = [...above, ...table];
  if (shown.length <= rows) return shown;
  const room = Math.max(rows - 1, 0);
  return [...shown.slice(0, room), fit(`… ${total - Math.max(room - above.length, 0)} more`)];
}

function problemLines({ problems }: TopPicture, max: number): string[] {
  const lines = problems.map(({ sentence }) => `! ${visibleText(sentence)}`);
  if (lines.length <= max) return lines;
  return [...lines.slice(0, max - 1), `! … and ${lines.length - max + 1} more`];
}
