/** SEMANTICS "Destinations": what the features built on names rely on, beside SUBSCRIBE and SEND. */
import { expect, test } from "bun:test";
import type { FaultCode } from "../../src/fault.ts";
import { receive, send, subscribe } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

const SPELLINGS: [kind: "queue" | "topic", spell: (name: string) => string][] = [
  ["queue", (name) => `/queue/${name}`],
  ["queue", (name) => `queue://${name}`],
  ["queue", (name) => `jms.queue.${name}`],
  ["queue", (name) => `/amq/queue/${name}`],
  ["topic", (name) => `/topic/${name}`],
  ["topic", (name) => `topic://${name}`],
  ["topic", (name) => `jms.topic.${name}`],
  ["topic", (name) => `/exchange/amq.topic/${name}`],
];

/** Both separators, in patterns and in names; all below a prefix of the case's own. */
const SEPARATORS: [pattern: string, name: string, match: boolean][] = [
  ["/*", "/a", true],
  ["/*", ".a", false],
  [".*", "/a", false],
  ["/*.c", "/b.c", true],
  ["/*.c", "/b/c", false],
  ["/>", "/a.b/c", true],
  ["/>", "/a", true],
  ["/#/z", "/a/b/z", true],
  ["/**", "/a/b.c", true],
  ["/*/*", "/a/b", true],
  ["/*/*", "/a/b/c", false],
];

const REFUSED: [what: string, command: string, destination: string, code: FaultCode][] = [
  ["no known prefix in SUBSCRIBE", "SUBSCRIBE", "chat", "bad-destination"],
  ["an unknown kind in SUBSCRIBE", "SUBSCRIBE", "/dsub/x", "bad-destination"],
  ["no name behind queue://", "SEND", "queue://", "bad-destination"],
  ["no name behind jms.topic.", "SUBSCRIBE", "jms.topic.", "bad-destination"],
  ["a wildcard behind queue:// in SEND", "SEND", "queue://a.>", "bad-destination"],
  ["a wildcard behind /exchange/ in SEND", "SEND", "/exchange/amq.topic/#", "bad-destination"],
  ["a partial wildcard behind topic://", "SUBSCRIBE", "topic://a*.b", "partial-wildcard"],
  ["a partial wildcard on a queue", "SUBSCRIBE", "/queue/a.b>", "partial-wildcard"],
  ["a partial wildcard between slashes", "SUBSCRIBE", "/topic/a/b#/c", "partial-wildcard"],
];

overEachTransport(
  "Destinations",
  (house) => {
    for (const [kind, spell] of SPELLINGS) {
      test(`SEMANTICS Destinations: ${spell("NAME")} is subscribed to and sent to as /${kind}/NAME`, async () => {
        const name = house[kind]().slice(`/${kind}/`.length);
        const peer = await house.connect();
        await subscribe(peer, `/${kind}/${name}`, { id: "plain" });
        await send(peer, spell(name), "to the alias");
        await peer.expect(
          "MESSAGE",
          { subscription: "plain", destination: spell(name) },
          "to the alias",
        );
        await peer.done("UNSUBSCRIBE", { id: "plain" });
        await subscribe(peer, spell(name), { id: "alias" });
        await send(peer, `/${kind}/${name}`, "to the path");
        await peer.expect(
          "MESSAGE",
          { subscription: "alias", destination: `/${kind}/${name}` },
          "to the path",
        );
        await peer.silent();
      });

      test(`SEMANTICS Destinations: wildcards work behind ${spell("")} too`, async () => {
        const name = house[kind]().slice(`/${kind}/`.length);
        const peer = await house.connect();
        await subscribe(peer, spell(`${name}.*`));
        await send(peer, `/${kind}/${name}.a`, "in");
        await send(peer, `/${kind}/${name}.a.b`, "out");
        await receive(peer, "in");
        await peer.silent();
      });
    }

    for (const [pattern, name, match] of SEPARATORS) {
      for (const kind of ["queue", "topic"] as const) {
        test(`SEMANTICS Destinations: /${kind}/x${pattern} ${match ? "takes" : "leaves"} x${name}`, async () => {
          const prefix = house[kind]();
          const peer = await house.connect();
          await subscribe(peer, prefix + pattern);
          await send(peer, prefix + name, "x");
          if (match) await peer.expect("MESSAGE", { destination: prefix + name }, "x");
          await peer.silent();
        });
      }
    }

    for (const [what, command, destination, code] of REFUSED) {
      test(`SEMANTICS Destinations: ${what} is ${code}`, async () => {
        const peer = await house.connect();
        peer.frame(command, { id: "s", destination, receipt: "r" });
        await peer.refused(code, { "receipt-id": "r" });
      });
    }

    test("SEMANTICS Destinations: an unknown prefix in SUBSCRIBE is told the prefixes and the option", async () => {
      const peer = await house.connect();
      peer.frame("SUBSCRIBE", { id: "s", destination: "chat" });
      const { text } = await peer.refused("bad-destination");
      const named = [
        "/queue/",
        "/topic/",
        "/temp-queue/",
        "/temp-topic/",
        "--unprefixed",
        '"chat"',
      ];
      for (const word of named) expect(text).toContain(word);
    });

    test("SEMANTICS Destinations: a wildcard on queues removes what it takes, for all its consumers", async () => {
      const prefix = house.queue();
      const [one, two] = [await house.connect(), await house.connect()];
      await send(one, `${prefix}.a`, "1");
      await subscribe(one, `${prefix}.*`);
      await receive(one, "1");
      await subscribe(two, `${prefix}.>`);
      await two.silent();
    });
  },
  { cuts: ["whole"] },
);

overEachTransport(
  "Destinations come and go",
  (house) => {
    test("SEMANTICS Destinations: those that are empty and unused are gone, and others have room", async () => {
      const peer = await house.connect();
      for (let round = 0; round < 10; round++) {
        for (const destination of [house.queue(), house.topic()]) {
          await subscribe(peer, destination);
          await send(peer, destination, "x");
          await receive(peer, "x");
          await peer.done("UNSUBSCRIBE", { id: "s" });
        }
        await send(peer, house.topic(), "to nobody");
      }
    });

    test("SEMANTICS Destinations: queues with messages and durable subscriptions stay", async () => {
      const [peer, late] = [
        await house.connect({ headers: { "client-id": "stays" } }),
        await house.connect(),
      ];
      const [queue, topic] = [house.queue(), house.topic()];
      await subscribe(peer, topic, { id: "news", durable: "true" });
      await peer.done("UNSUBSCRIBE", { id: "news" });
      await send(peer, queue, "kept");
      await send(peer, house.queue(), "kept as well");
      peer.frame("SEND", { destination: house.queue(), receipt: "r" });
      await peer.refused("too-many-destinations", { "receipt-id": "r" });
      await subscribe(late, queue);
      await receive(late, "kept");
    });
  },
  { cuts: ["whole"], overrides: { limits: { destinationsMax: 3 } } },
);
