import { test } from "bun:test";
import { receive, send, settle, subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

overEachTransport("UNSUBSCRIBE", (house) => {
  for (const version of VERSIONS) {
    test(`"UNSUBSCRIBE": by id nothing comes any more, and the id is free again (${version})`, async () => {
      const destination = house.topic();
      const peer = await house.connect({ version });
      await subscribe(peer, destination, { id: "a" });
      await subscribe(peer, destination, { id: "b" });
      await peer.done("UNSUBSCRIBE", { id: "a" });
      await send(peer, destination, "1");
      await peer.expect("MESSAGE", { subscription: "b" }, "1");
      await peer.silent();
      await subscribe(peer, destination, { id: "a" });
      await peer.done("UNSUBSCRIBE", { id: "b" });
      await send(peer, destination, "2");
      await peer.expect("MESSAGE", { subscription: "a" }, "2");
      await peer.silent();
    });

    test(`SEMANTICS UNSUBSCRIBE: an unknown id is an ERROR (${version})`, async () => {
      const peer = await house.connect({ version });
      await subscribe(peer, house.topic(), { id: "a" });
      peer.frame("UNSUBSCRIBE", { id: "b", receipt: "r" });
      await peer.refused("unknown-subscription", { "receipt-id": "r" });
    });

    test(`SEMANTICS UNSUBSCRIBE: one that ended on this connection is ignored (${version})`, async () => {
      const peer = await house.connect({ version });
      await subscribe(peer, house.topic(), { id: "a" });
      for (let time = 0; time < 3; time++) await peer.done("UNSUBSCRIBE", { id: "a" });
      await peer.silent();
    });
  }

  test("SEMANTICS UNSUBSCRIBE: one that ended on another connection is unknown", async () => {
    const other = await house.connect();
    await subscribe(other, house.topic(), { id: "a" });
    await other.done("UNSUBSCRIBE", { id: "a" });
    const peer = await house.connect();
    peer.frame("UNSUBSCRIBE", { id: "a" });
    await peer.refused("unknown-subscription");
  });

  for (const version of ["1.1", "1.2"] as const) {
    test(`"UNSUBSCRIBE": without id it is refused in ${version}, with destination too`, async () => {
      const destination = house.topic();
      const peer = await house.connect({ version });
      await subscribe(peer, destination);
      peer.frame("UNSUBSCRIBE", { destination });
      await peer.refused("missing-header");
    });
  }

  test("SEMANTICS UNSUBSCRIBE: in 1.0 by destination, the oldest without an id goes", async () => {
    const destination = house.topic();
    const peer = await house.connect({ version: "1.0" });
    await subscribe(peer, destination, { id: "kept" });
    await peer.done("SUBSCRIBE", { destination });
    await peer.done("SUBSCRIBE", { destination });
    await peer.done("UNSUBSCRIBE", { destination });
    await send(peer, destination, "1");
    await receive(peer, "1", "1");
    await peer.silent();
    await peer.done("UNSUBSCRIBE", { destination });
    await send(peer, destination, "2");
    await peer.expect("MESSAGE", { subscription: "kept" }, "2");
    await peer.silent();
  });

  test("SEMANTICS UNSUBSCRIBE: in 1.0 the destination must be exactly that string", async () => {
    const destination = house.topic();
    const peer = await house.connect({ version: "1.0" });
    await peer.done("SUBSCRIBE", { destination });
    peer.frame("UNSUBSCRIBE", { destination: destination.replace("/topic/", "topic://") });
    await peer.refused("unknown-subscription");
  });

  test('"UNSUBSCRIBE": in 1.0 with neither id nor destination it is refused', async () => {
    const peer = await house.connect({ version: "1.0" });
    peer.frame("UNSUBSCRIBE", { receipt: "r" });
    await peer.refused("missing-header", { "receipt-id": "r" });
  });

  test("SEMANTICS UNSUBSCRIBE: what it held returns to the queue at once, in its place", async () => {
    const destination = house.queue();
    const [holder, other] = [await house.connect(), await house.connect()];
    await subscribe(holder, destination, { ack: "client-individual", "prefetch-count": "2" });
    await send(other, destination, "1", "2", "3");
    await receive(holder, "1", "2");
    await holder.done("UNSUBSCRIBE", { id: "s" });
    await subscribe(other, destination);
    await other.expect("MESSAGE", { redelivered: "true", "delivery-count": "2" }, "1");
    await other.expect("MESSAGE", { redelivered: "true", "delivery-count": "2" }, "2");
    await other.expect("MESSAGE", { redelivered: undefined, "delivery-count": undefined }, "3");
  });

  test('"ACK": an ACK that crosses the UNSUBSCRIBE does no harm', async () => {
    const destination = house.queue();
    const peer = await house.connect();
    await subscribe(peer, destination, { ack: "client-individual" });
    await send(peer, destination, "x");
    const [message] = await receive(peer, "x");
    await peer.done("UNSUBSCRIBE", { id: "s" });
    await settle(peer, "ACK", message);
    await subscribe(peer, destination, { id: "again" });
    await receive(peer, "x");
  });

  test('"UNSUBSCRIBE": messages of other subscriptions stay held', async () => {
    const [first, second] = [house.queue(), house.queue()];
    const peer = await house.connect();
    await subscribe(peer, first, { id: "1", ack: "client" });
    await subscribe(peer, second, { id: "2", ack: "client" });
    await send(peer, first, "a");
    await send(peer, second, "b");
    const [, b] = await receive(peer, "a", "b");
    await peer.done("UNSUBSCRIBE", { id: "1" });
    await settle(peer, "ACK", b);
    await peer.done("UNSUBSCRIBE", { id: "2" });
    const late = await house.connect();
    await subscribe(late, second);
    await late.silent();
  });
});
