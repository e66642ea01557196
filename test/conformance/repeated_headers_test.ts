import { expect, test } from "bun:test";
import { subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

overEachTransport("Repeated Header Entries", (house) => {
  for (const version of VERSIONS) {
    test(`"Repeated Header Entries": of a user header the first counts (${version})`, async () => {
      const destination = house.topic();
      const peer = await house.connect({ version });
      await subscribe(peer, destination);
      peer.send(`SEND\ndestination:${destination}\nfoo:first\nfoo:second\nfoo:third\n\n\0`);
      await peer.expect("MESSAGE", { foo: "first" });
    });
  }

  test('"Repeated Header Entries": the first destination is the one', async () => {
    const [first, second] = [house.topic(), house.topic()];
    const peer = await house.connect();
    await subscribe(peer, first, { id: "1" });
    await subscribe(peer, second, { id: "2" });
    peer.send(`SEND\ndestination:${first}\ndestination:${second}\n\nbody\0`);
    const message = await peer.expect("MESSAGE", { destination: first, subscription: "1" }, "body");
    expect(message.headers.filter(([name]) => name === "destination")[0]?.[1]).toBe(first);
    await peer.silent();
  });

  test('"Repeated Header Entries": the first id, ack and receipt are the ones', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    peer.send(
      `SUBSCRIBE\nid:a\nid:b\ndestination:${destination}\nack:auto\nack:client\nreceipt:r1\nreceipt:r2\n\n\0`,
    );
    await peer.expect("RECEIPT", { "receipt-id": "r1" });
    await peer.done("SEND", { destination }, "x");
    await peer.expect("MESSAGE", { subscription: "a", ack: undefined });
    await peer.silent();
  });

  test('"Repeated Header Entries": the first accept-version is the one', async () => {
    const peer = await house.open();
    peer.send("CONNECT\naccept-version:1.1\naccept-version:1.2\nhost:h\n\n\0");
    await peer.expect("CONNECTED", { version: "1.1" });
  });

  test("SEMANTICS SEND: repeats cannot bring in a header that only the broker may set", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    peer.send(
      `SEND\ndestination:${destination}\nsubscription:x\nsubscription:y\nack:1\nack:2\nmessage-id:m\nmessage-id:n\n\n\0`,
    );
    const message = await peer.expect("MESSAGE", { subscription: "s", ack: undefined });
    for (const name of ["subscription", "message-id"]) {
      expect(message.headers.filter(([candidate]) => candidate === name)).toHaveLength(1);
    }
    expect(["m", "n"]).not.toContain(message.get("message-id") ?? "");
  });
});
