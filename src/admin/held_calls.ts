import type { HeldMessageInfo } from "../api/values.ts";
import { Fault, quote } from "../fault.ts";
import type { Connection } from "../session/connection.ts";
import type { ConnectionContext } from "../session/connection_context.ts";
import type { Connections } from "../session/connections.ts";
import type { Held } from "../session/subscription.ts";
import type { Admin } from "../web/admin.ts";
import { nextTurn } from "./next_turn.ts";
import { ANSWER_BYTES_MAX, keyOf, messageInfo, queueNamed } from "./queue_calls.ts";
import { cutWindow } from "./window.ts";

interface Holding {
  readonly connection: Connection;
  readonly held: Held;
}

/** The calls of the API about what consumers of a queue have: the queue does not know whom it gave it to, they do. */
export function createHeldCalls(
  { engine, runtime }: Pick<ConnectionContext, "engine" | "runtime">,
  connections: Connections,
): Pick<Admin, "heldMessages" | "heldMessage"> {
  return {
    heldMessages: async ({ name, offset, limit, bodyBytes }) => {
      const queue = queueNamed(engine.queues, name);
      const window = { filter: "", sort: "place", order: "asc", offset, limit } as const;
      const { total, items } = await cutWindow(holdings(connections), window, {
        keeps: ({ held }) => held.entry.queue === queue,
        texts: () => [],
        key: ({ held }) => held.entry.place,
        turn: () => nextTurn(runtime),
      });
      let bytes = 0;
      const shown = items.filter(({ held }, index) => {
        bytes += held.entry.message.size;
        return index === 0 || bytes <= ANSWER_BYTES_MAX;
      });
      return { total, messages: shown.map((each) => heldInfo(each, bodyBytes)) };
    },
    heldMessage: ({ name, key, bodyBytes = Infinity }) => {
      const queue = queueNamed(engine.queues, name);
      for (const each of holdings(connections)) {
        const { entry } = each.held;
        if (entry.queue === queue && keyOf(entry) === key) return heldInfo(each, bodyBytes);
      }
      throw new Fault(
        "not-found",
        `Cannot find message ${quote(key)}: no consumer has it, it was acknowledged or waits again`,
      );
    },
  };
}

function* holdings(connections: Connections): Iterable<Holding> {
  for (const connection of connections.all()) {
    // Most hold nothing, and have nowhere to note it: to ask for it would make that place.
    if (connection.session.unacknowledged === 0) continue;
    for (const held of connection.session.acks.all) yield { connection, held };
  }
}

function heldInfo({ connection, held }: Holding, bodyBytes: number): HeldMessageInfo {
  const { id } = held.subscription;
  return {
    ...messageInfo(held.entry, bodyBytes),
    ...{ connection: connection.number, login: connection.loginName },
    ...(id === undefined ? {} : { subscription: id }),
  };
}
