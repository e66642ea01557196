import type { SystemNotice } from "../api/values.ts";
import type { Observe } from "../observe/events.ts";
import type { ConnectionContext } from "../session/connection_context.ts";
import type { SystemTopics } from "./system_topics.ts";

/** The topics on which single events are told. */
type NoticeTopic = "connection" | "subscription" | "destination" | "slow-consumer" | "dead-letter";

/** Events of one topic told in one go, and after that a second. */
const BURST = 200;
const PER_SECOND = 100;

/** Tells single events to those who listen, as many as anybody can read; the others are counted. */
export function createNotices(about: {
  readonly topics: SystemTopics;
  readonly runtime: Pick<ConnectionContext["runtime"], "now">;
  readonly turn: Pick<ConnectionContext["turn"], "after">;
}): { readonly observe: Observe; tick(): void } {
  const { topics, runtime, turn } = about;
  const budgets = new Map<NoticeTopic, { allowance: number; skipped: number }>();
  const state = { refilledAt: runtime.now() };

  const tell = <T extends NoticeTopic>(
    topic: T,
    value: Omit<SystemNotice<T>, "at" | "skipped">,
  ): void => {
    if (!topics.isWatched(topic)) return;
    let budget = budgets.get(topic);
    if (budget === undefined) budgets.set(topic, (budget = { allowance: BURST, skipped: 0 }));
    if (budget.allowance < 1) {
      budget.skipped++;
      return;
    }
    const notice = { at: runtime.now(), skipped: budget.skipped, ...value };
    budget.allowance--;
    budget.skipped = 0;
    // An event may happen inside a delivery, where nothing may be published.
    turn.after(() => void topics.publish(topic, notice));
  };

  return {
    observe: (event) => {
      switch (event.type) {
        case "connected": {
          const { connection, version, login } = event;
          tell("connection", { event: "connected", connection, ...peerOf(event), version, login });
          break;
        }
        case "disconnected": {
          const { connection, reason } = event;
          tell("connection", { event: "disconnected", connection, ...peerOf(event), reason });
          break;
        }
        case "refused": {
          const { connection, code, detail: reason } = event;
          tell("connection", { event: "refused", connection, ...peerOf(event), code, reason });
          break;
        }
        case "subscribed":
        case "unsubscribed": {
          const { type, connection, id, destination } = event;
          const named = id === undefined ? {} : { id };
          tell("subscription", { event: type, connection, ...named, destination });
          break;
        }
        case "destination-created":
        case "destination-deleted": {
          const { type, kind, destination } = event;
          const what = type === "destination-created" ? "created" : "deleted";
          tell("destination", { event: what, kind, destination });
          break;
        }
        case "slow":
          tell("slow-consumer", {
            ...{ connection: event.connection, ...peerOf(event), detail: event.detail },
          });
          break;
        case "dead-lettered": {
          const { destination, messageId, reason } = event;
          tell("dead-letter", { destination, messageId, reason });
          break;
        }
      }
    },
    tick: () => {
      const now = runtime.now();
      const gained = (Math.max(now - state.refilledAt, 0) * PER_SECOND) / 1000;
      state.refilledAt = now;
      for (const budget of budgets.values()) {
        budget.allowance = Math.min(budget.allowance + gained, BURST);
      }
    },
  };
}

/** The fields that are told of a far end; whoever has it may know more. */
function peerOf({
  peer: { transport, address, port },
}: {
  readonly peer: SystemNotice<"connection">["peer"];
}): Pick<SystemNotice<"connection">, "peer"> {
  return { peer: { transport, address, port } };
}
