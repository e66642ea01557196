import { expect, test } from "bun:test";
import { subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

overEachTransport("End of line", (house) => {
  for (const version of VERSIONS) {
    test(`"Augmented BNF": CRLF ends a line in ${version}, and the CR is no part of it`, async () => {
      const destination = house.topic();
      const peer = await house.connect({ version });
      peer.send(`SUBSCRIBE\r\nid:s\r\ndestination:${destination}\r\n\r\n\0`);
      peer.send(`SEND\r\ndestination:${destination}\r\nh:v\r\n\r\nline\r\nline\r\n\0`);
      await peer.expect("MESSAGE", { destination, h: "v" }, "line\r\nline\r\n");
    });

    test(`SEMANTICS Decisions: line ends may be mixed in ${version}`, async () => {
      const destination = house.topic();
      const peer = await house.connect({ version });
      await subscribe(peer, destination);
      peer.send(`\r\nSEND\ndestination:${destination}\r\na:1\nb:2\r\n\nbody\0\r\n\n\r\n`);
      peer.send(`SEND\r\ndestination:${destination}\nc:3\n\r\nbody\0`);
      await peer.expect("MESSAGE", { a: "1", b: "2" }, "body");
      await peer.expect("MESSAGE", { c: "3" }, "body");
    });

    test(`"STOMP Frames": EOLs between frames are ignored in ${version}`, async () => {
      const destination = house.topic();
      const peer = await house.connect({ version });
      await subscribe(peer, destination);
      peer.send(`\n\n\r\n\nSEND\ndestination:${destination}\n\nx\0\n\n\n\r\n`);
      await peer.expect("MESSAGE", {}, "x");
      await peer.silent();
    });
  }

  for (const before of ["\n", "\r\n", "\n\n\r\n\n"]) {
    test(`"STOMP Frames": ${JSON.stringify(before)} may come before CONNECT`, async () => {
      const peer = await house.open();
      peer.send(`${before}CONNECT\r\naccept-version:1.2\r\nhost:h\r\n\r\n\0${before}`);
      await peer.expect("CONNECTED", { version: "1.2" });
      await peer.silent();
    });
  }

  test('"Augmented BNF": with content-length the body begins after CRLF CRLF', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    peer.send(`SEND\r\ndestination:${destination}\r\ncontent-length:4\r\n\r\n\r\n\0\n\0\n`);
    await peer.expect("MESSAGE", { "content-length": "4" }, "\r\n\0\n");
  });

  test('"Augmented BNF": a CR that no LF follows is no frame', async () => {
    const peer = await house.connect();
    peer.send("\rSEND\ndestination:/topic/x\n\n\0");
    const error = await peer.take("ERROR");
    expect(["malformed-frame", "unknown-command"]).toContain(error.get("code") ?? "");
    await peer.closed();
  });

  test("SEMANTICS CONNECT: no EOL is ever sent that was not negotiated", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    peer.send("\n\n\n");
    for (const body of ["1", "2", "3"]) await peer.done("SEND", { destination }, body);
    for (const body of ["1", "2", "3"]) await peer.expect("MESSAGE", {}, body);
    await peer.silent();
    expect(peer.beats).toBe(0);
  });
});
