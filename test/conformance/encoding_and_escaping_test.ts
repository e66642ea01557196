import { expect, test } from "bun:test";
import { subscribe, VERSIONS } from "../support/steps.ts";
import type { Version } from "../support/received_frame.ts";
import { overEachTransport } from "../transport_matrix.ts";

/** A header line as sent, and as each version must receive it. */
const LINES: [from: Version, sent: string, to10: string, to11: string, to12: string][] = [
  ["1.2", "h:a\\cb", "h:a:b", "h:a\\cb", "h:a\\cb"],
  ["1.2", "h:a\\\\b", "h:a\\b", "h:a\\\\b", "h:a\\\\b"],
  ["1.2", "h:a\\nb", "h:a\\nb", "h:a\\nb", "h:a\\nb"],
  ["1.2", "h:a\\rb", "", "h:a\rb", "h:a\\rb"],
  ["1.2", "h:\\\\n", "h:\\n", "h:\\\\n", "h:\\\\n"],
  ["1.2", "h:\\\\\\n\\c", "", "h:\\\\\\n\\c", "h:\\\\\\n\\c"],
  ["1.2", "na\\cme:v", "na\\cme:v", "na\\cme:v", "na\\cme:v"],
  ["1.2", "na\\nme:v", "na\\nme:v", "na\\nme:v", "na\\nme:v"],
  ["1.2", "na\\\\me:v", "na\\me:v", "na\\\\me:v", "na\\\\me:v"],
  ["1.1", "h:a\\cb", "h:a:b", "h:a\\cb", "h:a\\cb"],
  ["1.1", "h:a\\\\b\\nc", "", "h:a\\\\b\\nc", "h:a\\\\b\\nc"],
  ["1.1", "h:a\rb", "", "h:a\rb", "h:a\\rb"],
  ["1.1", "na\\cme:v", "na\\cme:v", "na\\cme:v", "na\\cme:v"],
  ["1.0", "h:a\\nb", "h:a\\nb", "h:a\\\\nb", "h:a\\\\nb"],
  ["1.0", "h:a\\tb", "h:a\\tb", "h:a\\\\tb", "h:a\\\\tb"],
  ["1.0", "h:a\\", "h:a\\", "h:a\\\\", "h:a\\\\"],
  ["1.0", "h:a:b", "h:a:b", "h:a\\cb", "h:a\\cb"],
  ["1.2", "h:grüße 🎈 \u{7f}", "h:grüße 🎈 \u{7f}", "h:grüße 🎈 \u{7f}", "h:grüße 🎈 \u{7f}"],
  ["1.0", "grüße:🎈", "grüße:🎈", "grüße:🎈", "grüße:🎈"],
];

overEachTransport("Value Encoding", (house) => {
  for (const [from, sent, ...received] of LINES) {
    test(`"Value Encoding": ${JSON.stringify(sent)} from ${from} reaches every version`, async () => {
      const destination = house.topic();
      const receivers = [];
      for (const version of VERSIONS) {
        const receiver = await house.connect({ version });
        await subscribe(receiver, destination);
        receivers.push(receiver);
      }
      const sender = await house.connect({ version: from });
      sender.send(`SEND\ndestination:${destination}\n${sent}\nafter:x\n\nbody\0`);
      for (const [at, receiver] of receivers.entries()) {
        const message = await receiver.expect("MESSAGE", { destination, after: "x" }, "body");
        const line = received[at] ?? "";
        // An empty expectation: only that nothing forges a line, which the parser has checked.
        if (line !== "") expect(message.lines).toContain(line);
      }
    });
  }

  const undefinedEscapes: [Version, string][] = [
    ["1.2", "\\t"],
    ["1.2", "\\N"],
    ["1.2", "\\x41"],
    ["1.2", "\\ "],
    ["1.2", "\\"],
    ["1.1", "\\t"],
    ["1.1", "\\r"],
    ["1.1", "\\"],
  ];
  for (const [version, escape] of undefinedEscapes) {
    for (const [where, line] of [
      ["value", `h:a${escape}`],
      ["name", `a${escape}:v`],
    ] as const) {
      test(`"Value Encoding": ${JSON.stringify(escape)} in a ${where} is fatal in ${version}`, async () => {
        const peer = await house.connect({ version });
        peer.send(`SEND\ndestination:/topic/x\n${line}\n\n\0`);
        await peer.refused("bad-escape");
      });
    }
  }

  for (const command of ["CONNECT", "STOMP"]) {
    test(`"Value Encoding": ${command} and CONNECTED neither escape nor unescape`, async () => {
      const peer = await house.open();
      peer.send(
        `${command}\naccept-version:1.2\nhost:a\\tb\nlogin:a\\\nodd:\\x\nreceipt:a\\cb:c\n\n\0`,
      );
      const connected = await peer.expect("CONNECTED", { version: "1.2" });
      expect(connected.lines).toContain("receipt-id:a\\cb:c");
    });
  }

  test('"Encoding": a non-ASCII destination and body arrive as sent', async () => {
    const destination = `${house.topic()}.größe/日本`;
    const peer = await house.connect();
    await subscribe(peer, destination);
    peer.send(`SEND\ndestination:${destination}\n\nžluťoučký 🐎 \u{10FFFF}\0`);
    const message = await peer.expect("MESSAGE", { destination }, "žluťoučký 🐎 \u{10FFFF}");
    expect(message.lines).toContain(`destination:${destination}`);
  });

  test("SEMANTICS CONNECT: a byte-order mark at the head of a body is kept", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    peer.send(`SEND\ndestination:${destination}\nh:\u{FEFF}v\n\n\u{FEFF}text\0`);
    await peer.expect("MESSAGE", { h: "\u{FEFF}v", "content-length": "7" }, "\u{FEFF}text");
  });

  const illFormed: [what: string, bytes: number[]][] = [
    ["a lone continuation byte", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["a cut sequence", [0xe2, 0x82]],
  ];
  for (const [what, bytes] of illFormed) {
    test(`"Encoding": ${what} in a header is refused`, async () => {
      const peer = await house.connect();
      peer.send(
        Buffer.concat([
          Buffer.from("SEND\ndestination:/topic/x\nh:"),
          Uint8Array.from(bytes),
          Buffer.from("\n\n\0"),
        ]),
      );
      await peer.refused("invalid-utf8");
    });

    test(`"Body": ${what} in a body is just bytes`, async () => {
      const destination = house.topic();
      const peer = await house.connect();
      await subscribe(peer, destination);
      const body = Uint8Array.from([1, ...bytes, 2]);
      peer.send(
        Buffer.concat([
          Buffer.from(`SEND\ndestination:${destination}\n\n`),
          body,
          Buffer.from("\0"),
        ]),
      );
      const message = await peer.expect("MESSAGE", { "content-length": `${body.length}` });
      expect([...message.body]).toEqual([...body]);
      expect(message.binary).toBe(true);
    });
  }

  if (house.transport !== "tcp") {
    test("SEMANTICS Endpoints: out goes text if it is valid UTF-8, however it came in", async () => {
      const destination = house.topic();
      const peer = await house.connect();
      await subscribe(peer, destination);
      peer.send(Buffer.from(`SEND\ndestination:${destination}\n\ngrüße\0`));
      peer.send(`SEND\ndestination:${destination}\n\ngrüße\0`);
      for (let count = 0; count < 2; count++) {
        const message = await peer.expect("MESSAGE", { "content-length": "7" }, "grüße");
        expect(message.binary).toBe(false);
      }
    });
  }
});
