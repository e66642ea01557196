import type { Sent, SimTransaction } from "./ledger.ts";
import { openSimClient, type SimClient } from "./sim_client.ts";
import { drawStyle, type SimWorld } from "./sim_world.ts";

/** Someone who sends until its messages are used up, whatever happens to its connections. */
export interface Producer {
  readonly done: boolean;
}

/** What breaks the protocol, and the code of the ERROR that answers it. */
const OFFENCES: readonly [
  readonly [string, string | Uint8Array],
  ...(readonly [string, string | Uint8Array])[],
] = [
  ["malformed-header", "SEND\nno colon here\n\n\0"],
  ["malformed-header", "SEND\n:no name\n\n\0"],
  ["unknown-command", "NONSENSE\n\n\0"],
  ["already-connected", "CONNECT\naccept-version:1.2\nhost:again\n\n\0"],
  ["missing-header", "SEND\n\nnowhere\0"],
  ["bad-destination", "SEND\ndestination:/nowhere/at/all\n\n\0"],
  ["bad-content-length", "SEND\ndestination:/queue/q.a\ncontent-length:3\n\nlonger\0"],
  ["unknown-transaction", "COMMIT\ntransaction:none\n\n\0"],
  ["malformed-frame", "SEND\ndestination:/queue/q.a\0"],
  ["invalid-utf8", Buffer.from("SEND\ndestination:/queue/\xff\n\n\0", "latin1")],
];

/** Starts a producer. */
export function startProducer(world: SimWorld, name: string): Producer {
  const { runtime, chance, ledger, plan } = world;
  let left = plan.messagesPerProducer;
  let lives = 0;
  let done = false;

  const live = (): void => {
    const life = ++lives;
    const open: SimTransaction[] = [];
    let effects = 0;
    let bodies = 0;
    let transactions = 0;

    const send = (client: SimClient, transaction: SimTransaction | undefined): void => {
      if (left <= 0) return;
      left--;
      const uid = `${name}.${life}-${++bodies}`;
      const path = chance.odds(0.6) ? chance.pick(plan.queues) : chance.pick(plan.topics);
      const priority = plan.priorities && chance.odds(0.5) ? chance.integer(0, 9) : 4;
      const message: Sent = {
        uid,
        producer: client.name,
        path,
        priority,
        body: drawBody(world, uid),
        transaction,
        effect: transaction === undefined ? ++effects : 0,
        sentAt: runtime.elapsedMs,
        acceptedAt: undefined,
      };
      ledger.sent(message);
      const headers: Record<string, string> = { destination: path, uid };
      if (priority !== 4) headers["priority"] = String(priority);
      if (chance.odds(0.2)) headers["odd:name"] = "a\\b: c\nd";
      // The version decides what may be escaped: in 1.0 nothing can.
      if (client.version === "1.0") delete headers["odd:name"];
      if (transaction !== undefined) headers["transaction"] = transaction.id;
      client.send("SEND", headers, {
        body: message.body,
        receipt: chance.odds(0.4),
        ...(transaction === undefined
          ? { onAccepted: () => (message.acceptedAt = runtime.elapsedMs) }
          : {}),
      });
    };
    const begin = (client: SimClient): void => {
      const id = `${name}.${life}-t${++transactions}`;
      const transaction: SimTransaction = { id, state: "open", sends: [], settles: [] };
      open.push(transaction);
      client.send("BEGIN", { transaction: id }, { receipt: chance.odds(0.3) });
    };
    const end = (client: SimClient): void => {
      const transaction = open.splice(chance.integer(0, open.length - 1), 1)[0];
      if (transaction === undefined) return;
      const { id } = transaction;
      if (chance.odds(0.3)) {
        ledger.aborting(transaction);
        client.send("ABORT", { transaction: id }, { receipt: chance.odds(0.5) });
        return;
      }
      transaction.state = "committing";
      for (const each of transaction.sends) each.effect = ++effects;
      client.send(
        "COMMIT",
        { transaction: id },
        {
          receipt: chance.odds(0.6),
          onAccepted: () => {
            transaction.state = "committed";
            for (const each of transaction.sends) each.acceptedAt = runtime.elapsedMs;
          },
        },
      );
    };
    const offend = (client: SimClient): void => {
      const [code, data] = chance.pick(OFFENCES);
      client.mayMeet.add(code);
      world.trace(`${client.name} provokes ${code}`);
      client.sendRaw(data);
      runtime.after(20_000, () => {
        if (!client.over) world.violate(`${client.name} provoked ${code} and lives on`);
      });
    };
    const step = (client: SimClient): void => {
      if (client.over || !client.connected) return;
      if (left <= 0 && open.length === 0) {
        done = true;
        client.disconnect();
        return;
      }
      if (chance.odds(0.03 * plan.trouble)) return client.crash();
      if (chance.odds(0.02 * plan.trouble)) return client.disconnect();
      if (chance.odds(0.01 * plan.trouble)) return offend(client);
      if (chance.odds(0.02 * plan.trouble)) client.stall(chance.integer(0, 3_000));
      if (open.length < 2 && chance.odds(0.1)) begin(client);
      if (open.length > 0 && (left <= 0 || chance.odds(0.2))) end(client);
      for (let count = chance.integer(0, 4); count > 0; count--) {
        send(client, chance.odds(0.5) ? open[chance.integer(0, open.length - 1)] : undefined);
      }
      runtime.after(chance.integer(0, 80), () => step(client));
    };
    const flood = (client: SimClient): void => {
      for (let count = 0; count < 2_500; count++) {
        left++;
        send(client, undefined);
      }
    };
    const client = openSimClient(world, {
      name: `${name}.${life}`,
      ...drawStyle(world),
      mayMeet: plan.producersMayMeet,
      onConnected: (connected) => {
        if (plan.flood && life === 1) flood(connected);
        step(connected);
      },
      onMessage: (me, frame) => {
        world.violate(`${me.name} subscribed to nothing and received ${frame.get("uid")}`);
      },
      onOver: () => {
        if (done || world.finishing) return;
        if (left <= 0) done = true;
        else runtime.after(chance.integer(10, 500), live);
      },
    });
    world.clients.push(client);
  };
  live();
  return {
    get done() {
      return done;
    },
  };
}

function drawBody(world: SimWorld, uid: string): Uint8Array {
  const { chance, plan } = world;
  const most = chance.odds(plan.large) ? plan.bodyMax : 100;
  const filler = chance.pick(["x", "é", "\0", "\xff", "🙂", "\n"]);
  const padding = filler.repeat(chance.integer(0, most));
  const encoding = filler === "\xff" ? "latin1" : "utf8";
  return Buffer.concat([Buffer.from(`${uid} `), Buffer.from(padding, encoding)]);
}
