import type { Message } from "../../src/broker/message.ts";
import type { Queue } from "../../src/broker/queue.ts";
import type { Books } from "./books.ts";
import { DEAD_LETTERS, type Delivery, type History } from "./records.ts";
import type { SimPolicy } from "./sim_policy.ts";

/** What the rules about dead letters need to know. */
export interface LetterOptions {
  readonly books: Books;
  readonly policyOf: (path: string) => SimPolicy;
  /** In ms since the epoch. */
  readonly now: () => number;
  violate(what: string): void;
}

/** The rules about dead letters. */
export interface LetterChecks {
  /** A dead letter is handed over for the first time. */
  onLetter(history: History, message: Message): void;
}

/** Whether dead letters lie in a queue. */
export function lettersIn(queue: Queue): boolean {
  return queue.path.startsWith(DEAD_LETTERS);
}

/** Whether the broker may have counted a delivery as refused. */
export function isRefused({ settled, transaction }: Delivery): boolean {
  if (settled === undefined || settled === "accepted") return false;
  return transaction === undefined || transaction.state !== "open";
}

function isRejected(delivery: Delivery): boolean {
  const { settled } = delivery;
  return isRefused(delivery) && typeof settled === "object" && !settled.requeue;
}

/** A letter lies where it lies for the reason that it names. */
export function letterChecks(options: LetterOptions): LetterChecks {
  const { books, policyOf, now, violate } = options;
  return {
    onLetter: ({ sent, queue }, message) => {
      books.counts.deadLetters++;
      const list = message.headers.list();
      const added = (name: string): string => list[list.lastIndexOf(name) + 1] ?? "";
      const reason = added("dead-letter-reason");
      const origin = added("original-destination");
      const count = Number(added("delivery-count"));
      const wrong = (what: string): void => violate(`${sent.key} is a dead letter ${what}`);
      const past = books.at(origin, sent.key);
      const durables = [...books.durableQueues].filter(({ path }) => path === origin).length;
      const most = Math.max(1, durables);
      if (books.at(queue.path, sent.key).length > most) wrong(`more than ${most} times`);
      if (past.every(({ deliveries }) => deliveries.length !== count) && count > 0) {
        wrong(`after ${count} deliveries from ${origin}, which made another number of them`);
      }
      const { maxDeliveries, deadLetterExpired } = policyOf(origin);
      books.counts[reason] = (books.counts[reason] ?? 0) + 1;
      switch (reason) {
        case "rejected":
          if (!past.some(({ deliveries }) => deliveries.some(isRejected))) {
            wrong("as rejected, and nobody rejected it");
          }
          return;
        case "max-deliveries": {
          const refusals = past.map(({ deliveries }) => deliveries.filter(isRefused).length);
          const made = Math.max(0, ...refusals);
          if (made < maxDeliveries) wrong(`after ${made} of ${maxDeliveries} refusals`);
          return;
        }
        case "expired":
          if (!deadLetterExpired) wrong("as expired, and those are to be dropped");
          if (sent.expiresAt === 0 || now() < sent.expiresAt) wrong("as expired before its time");
          return;
        default:
          wrong(`for the reason "${reason}"`);
      }
    },
  };
}
