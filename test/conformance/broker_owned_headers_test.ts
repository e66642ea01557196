import { expect, test } from "bun:test";
import { receive, send, settle, subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

/** Headers that only the broker may set on a MESSAGE (SEMANTICS "SEND"). */
const OWNED = [
  "message-id",
  "subscription",
  "ack",
  "redelivered",
  "delivery-count",
  "retained",
  "browser",
  "original-destination",
  "dead-letter-reason",
  "JMSXUserID",
  "user-id",
  "scheduledJobId",
];

overEachTransport("Headers only the broker may set", (house) => {
  for (const name of OWNED) {
    for (const kind of ["topic", "queue"] as const) {
      test(`SEMANTICS SEND: "${name}" of a client is taken out (${kind})`, async () => {
        const destination = house[kind]();
        const receivers = [];
        for (const version of VERSIONS) {
          const receiver = await house.connect({ version });
          const id = { id: `of ${version}` };
          if (kind === "topic" || version === "1.2") await subscribe(receiver, destination, id);
          receivers.push(receiver);
        }
        const sender = await house.connect();
        sender.send(
          `SEND\ndestination:${destination}\n${name}:forged\nown:kept\n${name}:again\n\nx\0`,
        );
        for (const receiver of receivers) {
          if (kind === "queue" && receiver.version !== "1.2") continue;
          const message = await receiver.expect("MESSAGE", { own: "kept" }, "x");
          const values = message.headers.filter(([header]) => header === name);
          expect(values.map(([, value]) => value)).not.toContain("forged");
          expect(values.map(([, value]) => value)).not.toContain("again");
          expect(values.length).toBeLessThanOrEqual(1);
        }
      });
    }
  }

  test("SEMANTICS SEND: an escaped name is the same name", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    // The colon belongs to the name, so that this is another header than the owned one.
    peer.send(`SEND\ndestination:${destination}\nsubscription\\c:x\n\n\0`);
    await peer.expect("MESSAGE", { subscription: "s", "subscription:": "x" });
  });

  test("SEMANTICS SEND: receipt is executed once and does not leak", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    await send(peer, destination, "x");
    await peer.expect("MESSAGE", { receipt: undefined, "receipt-id": undefined }, "x");
  });

  test("SEMANTICS SEND: transaction is executed once and does not leak", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    await peer.done("BEGIN", { transaction: "t" });
    await peer.done("SEND", { destination, transaction: "t" }, "x");
    await peer.done("COMMIT", { transaction: "t" });
    await peer.expect("MESSAGE", { transaction: undefined, receipt: undefined }, "x");
  });

  test("SEMANTICS SEND: a client's integer timestamp is kept, another is ours, never both", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    await peer.done("SEND", { destination, timestamp: "1234567890123" }, "kept");
    await peer.done("SEND", { destination, timestamp: "yesterday" }, "ours");
    await send(peer, destination, "none");
    const [kept, ours, none] = await receive(peer, "kept", "ours", "none");
    expect(kept?.get("timestamp")).toBe("1234567890123");
    expect(ours?.get("timestamp")).toMatch(/^\d{13}$/);
    expect(none?.get("timestamp")).toMatch(/^\d{13}$/);
    for (const message of [kept, ours, none]) {
      expect(message?.headers.filter(([name]) => name === "timestamp")).toHaveLength(1);
    }
  });

  test("SEMANTICS SEND: a message sent on as it came carries no traces of the first way", async () => {
    const [first, second] = [house.queue(), house.queue()];
    const peer = await house.connect();
    await subscribe(peer, first, { id: "1", ack: "client" });
    await subscribe(peer, second, { id: "2" });
    await peer.done("SEND", { destination: first, own: "a" }, "x");
    const [message] = await receive(peer, "x");
    const headers = Object.fromEntries(message?.headers ?? []);
    await peer.done("SEND", { ...headers, destination: second }, "x");
    await settle(peer, "ACK", message);
    const forwarded = await peer.expect("MESSAGE", {
      subscription: "2",
      destination: second,
      own: "a",
      ack: undefined,
      timestamp: message?.get("timestamp"),
    });
    expect(forwarded.get("message-id")).not.toBe(message?.get("message-id") ?? "");
  });

  test("SEMANTICS SEND: other headers pass through, in order, unchanged", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    const own: [string, string][] = [
      ["correlation-id", "c:1"],
      ["type", "t"],
      ["reply-to", "/queue/answers"],
      ["content-type", "text/plain"],
      ["x-own", "back\\slash"],
      ["message_id", "not ours"],
      ["Ack", "not ours"],
      ["id", "not ours"],
      ["selector", "not ours"],
    ];
    peer.frame("SEND", [["destination", destination], ...own], "x");
    const message = await peer.expect("MESSAGE");
    const names = own.map(([name]) => name);
    expect(message.headers.filter(([name]) => names.includes(name))).toEqual(own);
  });
});
