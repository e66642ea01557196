import { type Author, createAuthor, drawTargets } from "./author.ts";
import type { SimTransaction } from "./records.ts";
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
  ["bad-destination", "SEND\ndestination:/queue/q.a,,/queue/q.b\n\n\0"],
  ["bad-destination", "SUBSCRIBE\nid:bad\ndestination:/queue/q.a,/nowhere\n\n\0"],
  ["bad-selector", "SUBSCRIBE\nid:bad\ndestination:/queue/q.a\nselector:weight >\n\n\0"],
  [
    "forbidden",
    "SUBSCRIBE\nid:bad\ndestination:/topic/t.a,/remote-temp-queue/none\ndurable:true\n\n\0",
  ],
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
    let transactions = 0;
    let author: Author | undefined;

    const send = (transaction: SimTransaction | undefined): void => {
      if (left <= 0) return;
      left--;
      author?.send({ paths: drawTargets(world), transaction });
    };
    const begin = (client: SimClient): void => {
      const id = `${name}.${life}-t${++transactions}`;
      const transaction: SimTransaction = {
        id,
        state: "open",
        endedAt: undefined,
        sends: [],
        settles: [],
      };
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
      author?.committing(transaction);
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
        send(chance.odds(0.5) ? open[chance.integer(0, open.length - 1)] : undefined);
      }
      runtime.after(chance.integer(0, 80), () => step(client));
    };
    const flood = (): void => {
      for (let count = 0; count < 2_500; count++) {
        left++;
        send(undefined);
      }
    };
    const client = openSimClient(world, {
      name: `${name}.${life}`,
      ...drawStyle(world),
      mayMeet: plan.producersMayMeet,
      onConnected: (connected) => {
        author = createAuthor(world, connected);
        if (plan.flood && life === 1) flood();
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
