import { expect, test } from "bun:test";
import { receive, send, subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

overEachTransport("STOMP Frames", (house) => {
  for (const command of [
    "send",
    "Send",
    "SENDX",
    "MESSAGE",
    "RECEIPT",
    "CONNECTED",
    "ERROR",
    "GET",
  ]) {
    test(`"STOMP Frames": the command "${command}" is unknown`, async () => {
      const peer = await house.connect();
      peer.send(`${command}\ndestination:/topic/x\n\n\0`);
      await peer.refused("unknown-command");
    });
  }

  test('"Standard Headers": header names are case sensitive', async () => {
    const peer = await house.connect();
    peer.send("SEND\nDestination:/topic/x\n\n\0");
    await peer.refused("missing-header");
  });

  test('"STOMP Frames": user-defined headers and the body pass through, in order', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    peer.send(
      `SEND\nzebra:1\ndestination:${destination}\nApple:two\nx-y.z_0:3\nempty:\n\nthe body\0`,
    );
    const message = await peer.expect("MESSAGE", { destination, empty: "" }, "the body");
    const own = message.headers.filter(([name]) =>
      ["zebra", "Apple", "x-y.z_0", "empty"].includes(name),
    );
    expect(own).toEqual([
      ["zebra", "1"],
      ["Apple", "two"],
      ["x-y.z_0", "3"],
      ["empty", ""],
    ]);
  });

  for (const version of ["1.1", "1.2"] as const) {
    test(`"STOMP Frames": values are not trimmed in ${version}`, async () => {
      const destination = house.topic();
      const peer = await house.connect({ version });
      await subscribe(peer, destination);
      peer.send(`SEND\ndestination:${destination}\npadded:  a b \t\n padded name :x\n\n\0`);
      await peer.expect("MESSAGE", { padded: "  a b \t", " padded name ": "x" });
    });
  }

  test("SEMANTICS CONNECT: leading blanks of a value are trimmed in 1.0", async () => {
    const destination = house.topic();
    const peer = await house.connect({ version: "1.0" });
    await subscribe(peer, destination);
    peer.send(`SEND\ndestination: ${destination}\npadded:  a b \n\n\0`);
    await peer.expect("MESSAGE", { destination, padded: "a b " });
  });

  for (const version of VERSIONS) {
    test(`"Augmented BNF": a raw colon belongs to the value in ${version}`, async () => {
      const destination = house.topic();
      const peer = await house.connect({ version });
      await subscribe(peer, destination);
      peer.send(`SEND\ndestination:${destination}\nlink:http://a:1/b\n\n\0`);
      await peer.expect("MESSAGE", { link: "http://a:1/b" });
    });
  }

  const malformed: [what: string, frame: string][] = [
    ["a header line without a colon", "SEND\ndestination:/topic/x\nno colon here\n\n\0"],
    ["an empty header name", "SEND\ndestination:/topic/x\n:value\n\n\0"],
    ["a blank instead of a colon", "SEND\ndestination /topic/x\n\n\0"],
  ];
  for (const [what, frame] of malformed) {
    test(`"Augmented BNF": ${what} is a malformed header`, async () => {
      const peer = await house.connect();
      peer.send(frame);
      await peer.refused("malformed-header");
    });
  }

  for (const [what, frame] of [
    ["a NUL in the command", "SE\0ND\n\n\0"],
    ["a NUL in a header line", "SEND\ndestination:/topic/x\0\n\n\0"],
    ["a frame that ends before its blank line", "SEND\ndestination:/topic/x\n\0"],
    ["a NUL where a frame should begin", "\0\0\0"],
  ] as const) {
    test(`"Augmented BNF": ${what} is malformed`, async () => {
      const peer = await house.connect();
      peer.send(frame);
      const error = await peer.take("ERROR");
      expect(["malformed-frame", "malformed-header", "unknown-command"]).toContain(
        error.get("code") ?? "",
      );
      const how = await peer.closed();
      if (house.transport !== "tcp") expect(how.code).toBe(1002);
    });
  }

  test('"MESSAGE": message-id, destination, subscription and content-length are always there', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination, { id: "the id" });
    await send(peer, destination, "one", "two");
    const [one, two] = await receive(peer, "one", "two");
    for (const message of [one, two]) {
      expect(message?.get("destination")).toBe(destination);
      expect(message?.get("subscription")).toBe("the id");
      expect(message?.get("content-length")).toBe("3");
      expect(message?.get("message-id")).toMatch(/./);
      expect(message?.get("ack")).toBeUndefined();
    }
    expect(one?.get("message-id")).not.toBe(two?.get("message-id"));
  });

  test('"STOMP Frames": frames joined in one piece are all carried out, in order', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    const frame = (body: string): string => `SEND\ndestination:${destination}\n\n${body}\0`;
    peer.send(
      `SUBSCRIBE\nid:s\ndestination:${destination}\n\n\0${frame("1")}${frame("2")}\n${frame("3")}`,
    );
    await receive(peer, "1", "2", "3");
  });
});
