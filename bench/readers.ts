/**
 * Subscribers of a topic that read and count every message, in a process of
 * their own. Prints a line when all are there; when its standard input ends it
 * waits for what is still on its way, and prints a line of JSON.
 *
 *     bun bench/readers.ts URL DESTINATION COUNT
 */

import type { BenchClient } from "../src/bench/bench_client.ts";
import { takeAll } from "../src/bench/course.ts";
import { stompProtocol } from "../src/bench/stomp_protocol.ts";
import { OrderedTally } from "../src/bench/tally.ts";
import { parseBrokerUrl } from "../src/client/broker_url.ts";

const [url = "", destination = "", count = "1"] = process.argv.slice(2);
const address = { url: parseBrokerUrl(url), trust: {}, heartBeatMs: 0 };
const gone: string[] = [];
const clients: BenchClient[] = [];
const tallies: OrderedTally[] = [];
for (let at = 0; at < Number(count); at++) {
  const client = await stompProtocol.connect({
    address,
    lost: ({ message }) => gone.push(message),
  });
  const tally = new OrderedTally();
  client.receive = () => void takeAll(client, { tally, sent: Number.POSITIVE_INFINITY });
  await client.subscribe({ destination, id: "sub-0", ack: "auto" });
  clients.push(client);
  tallies.push(tally);
}
console.log("ready");
await Bun.stdin.text();
await Promise.allSettled(clients.map((client) => client.fence()));
const arrived = tallies.map((tally) => tally.arrived);
console.log(
  JSON.stringify({
    least: Math.min(...arrived),
    most: Math.max(...arrived),
    doubled: tallies.reduce((sum, { doubled }) => sum + doubled, 0),
    gone: gone.length,
    why: gone[0] ?? "",
  }),
);
process.exit(0);
