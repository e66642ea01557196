import { expect, test } from "bun:test";
import type { FaultCode } from "../../src/fault.ts";
import { receive, send, subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

overEachTransport("SEND", (house) => {
  for (const version of VERSIONS) {
    test(`"SEND": a topic's message reaches every subscriber, a ${version} sender's too`, async () => {
      const destination = house.topic();
      const sender = await house.connect({ version });
      const receivers = [await house.connect(), await house.connect({ version: "1.0" }), sender];
      for (const receiver of receivers) await subscribe(receiver, destination);
      sender.frame("SEND", { destination, h: "v" }, "hello");
      for (const receiver of receivers) {
        await receiver.expect("MESSAGE", { destination, h: "v", subscription: "s" }, "hello");
        await receiver.silent();
      }
    });
  }

  test('"SEND": of many alike each has its own values, and goes to its own destination', async () => {
    const destinations = [house.topic(), house.topic(), house.topic()];
    const peer = await house.connect();
    for (const [at, destination] of destinations.entries()) {
      await subscribe(peer, destination, { id: `${at}` });
    }
    for (let i = 0; i < 60; i++) {
      const body = "x".repeat(i % 7);
      const destination = destinations[(i >> 1) % 3] ?? "";
      const own = { seq: `${i}`, kind: i < 50 ? `${i >> 3}` : "last", plain: "1" };
      peer.frame(
        "SEND",
        { destination, ...own, receipt: `r-${i}`, "content-length": `${body.length}` },
        body,
      );
      const subscription = `${(i >> 1) % 3}`;
      const message = await peer.expect("MESSAGE", { ...own, destination, subscription }, body);
      expect(message.headers.filter(([name]) => name === "receipt")).toEqual([]);
      await peer.expect("RECEIPT", { "receipt-id": `r-${i}` });
    }
    await peer.silent();
  });

  test('"SEND": a topic without subscribers forgets', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await send(peer, destination, "lost");
    await subscribe(peer, destination);
    await send(peer, destination, "seen");
    await receive(peer, "seen");
    await peer.silent();
  });

  test('"SEND": a queue keeps what nobody has taken, in order, each message once', async () => {
    const destination = house.queue();
    const peer = await house.connect();
    await send(peer, destination, "1", "2", "3");
    await subscribe(peer, destination);
    await receive(peer, "1", "2", "3");
    const late = await house.connect();
    await subscribe(late, destination);
    await late.silent();
  });

  test('"SEND": a queue and a topic of the same name are two destinations', async () => {
    const name = house.queue().slice("/queue/".length);
    const peer = await house.connect();
    await subscribe(peer, `/queue/${name}`, { id: "q" });
    await subscribe(peer, `/topic/${name}`, { id: "t" });
    await send(peer, `/topic/${name}`, "topic");
    await peer.expect("MESSAGE", { subscription: "t" }, "topic");
    await send(peer, `/queue/${name}`, "queue");
    await peer.expect("MESSAGE", { subscription: "q" }, "queue");
    await peer.silent();
  });

  const synonyms: [topic: boolean, spell: (name: string) => string][] = [
    [false, (name) => `queue://${name}`],
    [false, (name) => `jms.queue.${name}`],
    [false, (name) => `/amq/queue/${name}`],
    [true, (name) => `topic://${name}`],
    [true, (name) => `jms.topic.${name}`],
    [true, (name) => `/exchange/amq.topic/${name}`],
  ];
  for (const [topic, spell] of synonyms) {
    test(`SEMANTICS Destinations: ${spell("NAME")} is ${topic ? "/topic" : "/queue"}/NAME`, async () => {
      const destination = topic ? house.topic() : house.queue();
      const synonym = spell(destination.slice("/queue/".length));
      const peer = await house.connect();
      await subscribe(peer, destination, { id: "plain" });
      await send(peer, synonym, "1");
      await peer.expect("MESSAGE", { subscription: "plain" }, "1");
      await peer.done("UNSUBSCRIBE", { id: "plain" });
      await subscribe(peer, synonym, { id: "synonym" });
      await send(peer, destination, "2");
      await peer.expect("MESSAGE", { subscription: "synonym", destination }, "2");
    });
  }

  for (const name of ["a/b", "a.b", "ä", "with space", "a:b", "%2F", "..", "UPPER"]) {
    test(`SEMANTICS Decisions: the name ${JSON.stringify(name)} is taken literally`, async () => {
      const destination = `${house.queue()}.${name}`;
      const peer = await house.connect();
      await subscribe(peer, destination);
      await send(peer, destination, "x");
      await peer.expect("MESSAGE", { destination }, "x");
    });
  }

  const refused: [what: string, headers: Record<string, string>, code: FaultCode][] = [
    ["no destination", {}, "missing-header"],
    ["an unknown prefix", { destination: "chat" }, "bad-destination"],
    ["an unknown prefix with a slash", { destination: "/chat/x" }, "bad-destination"],
    ["a prefix and no name", { destination: "/queue/" }, "bad-destination"],
    ["a prefix and no slash", { destination: "/topic" }, "bad-destination"],
    ["a wildcard for one segment", { destination: "/topic/a.*" }, "bad-destination"],
    ["a wildcard for many segments", { destination: "/topic/a.>" }, "bad-destination"],
    ["a wildcard in the middle", { destination: "/topic/a.#.b" }, "bad-destination"],
    ["a wildcard on a queue", { destination: "/queue/**" }, "bad-destination"],
    [
      "a transaction that was not begun",
      { destination: "/topic/x", transaction: "t" },
      "unknown-transaction",
    ],
  ];
  for (const [what, headers, code] of refused) {
    test(`"SEND": ${what} is ${code}`, async () => {
      const peer = await house.connect();
      peer.frame("SEND", { ...headers, receipt: "r" }, "body");
      await peer.refused(code, { "receipt-id": "r" });
    });
  }

  test('"SEND": an empty destination is refused', async () => {
    const peer = await house.connect();
    peer.frame("SEND", { destination: "", receipt: "r" }, "body");
    const error = await peer.take("ERROR", { "receipt-id": "r" });
    expect(["missing-header", "bad-destination"]).toContain(error.get("code") ?? "");
    await peer.closed();
  });

  test("SEMANTICS Destinations: an unknown prefix is told which there are, and which option", async () => {
    const peer = await house.connect();
    peer.frame("SEND", { destination: "chat" }, "body");
    const error = await peer.refused("bad-destination");
    expect(error.text).toContain("/queue/");
    expect(error.text).toContain("/topic/");
    expect(error.text).toContain("unprefixed");
    expect(error.text).toContain("chat");
  });

  test("SEMANTICS Destinations: a wildcard character inside a longer segment is literal in SEND", async () => {
    const topic = house.topic();
    const peer = await house.connect();
    await subscribe(peer, `${topic}.*`);
    await send(peer, `${topic}.a*b`, "star");
    await send(peer, `${topic}.#1`, "hash");
    await peer.expect("MESSAGE", { destination: `${topic}.a*b` }, "star");
    await peer.expect("MESSAGE", { destination: `${topic}.#1` }, "hash");
  });

  test('"SEND": one sender\'s messages keep their order', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    const bodies = Array.from({ length: 100 }, (_, at) => `${at}`);
    peer.send(bodies.map((body) => `SEND\ndestination:${destination}\n\n${body}\0`).join(""), {
      cut: house.cut === "bytes" ? "random" : house.cut,
    });
    await receive(peer, ...bodies);
  });
});
