import { expect, test } from "bun:test";
import type { FaultCode } from "../../src/fault.ts";
import { openBroker } from "../support/brokers.ts";
import { VERSIONS } from "../support/steps.ts";
import { connectHeaders, overEachTransport } from "../transport_matrix.ts";

/** `accept-version` and what is agreed on; null: nothing in common. */
const NEGOTIATIONS: [offered: string | undefined, agreed: string | null][] = [
  [undefined, "1.0"],
  ["1.0", "1.0"],
  ["1.1", "1.1"],
  ["1.2", "1.2"],
  ["1.0,1.1", "1.1"],
  ["1.0,1.1,1.2", "1.2"],
  ["1.2,1.1,1.0", "1.2"],
  ["1.2,1.0", "1.2"],
  ["1.1,2.0", "1.1"],
  ["0.9,1.0,7.5", "1.0"],
  ["2.0", null],
  ["1", null],
  ["1.20", null],
  ["1.3,2.0", null],
];

overEachTransport("Connecting", (house) => {
  for (const command of ["CONNECT", "STOMP"]) {
    for (const [offered, agreed] of NEGOTIATIONS) {
      test(`"Protocol Negotiation": ${command} offering ${offered ?? "nothing"} agrees on ${agreed ?? "none"}`, async () => {
        const peer = await house.open();
        peer.frame(command, { "accept-version": offered, host: "localhost" });
        if (agreed !== null) {
          const connected = await peer.expect("CONNECTED", { version: agreed });
          expect(connected.text).toBe("");
          return;
        }
        const error = await peer.refused("unsupported-version");
        for (const ours of VERSIONS) expect(error.get("version")?.split(",")).toContain(ours);
      });
    }
  }

  test('"CONNECTED": it carries version, an unguessable session, server and heart-beat', async () => {
    const sessions = new Set<string>();
    for (let count = 0; count < 3; count++) {
      const peer = await house.open();
      peer.frame("CONNECT", connectHeaders("1.2"));
      const connected = await peer.expect("CONNECTED", {
        version: "1.2",
        server: /^stompbox\/\S+$/,
        "heart-beat": "0,0",
        "receipt-id": undefined,
      });
      sessions.add(connected.get("session") ?? "");
    }
    expect(sessions.size).toBe(3);
    expect(sessions.has("")).toBe(false);
    if (house.transport !== "fake") {
      // 128 random bits in 64 characters an item are 22 characters.
      for (const session of sessions) expect(session.length).toBeGreaterThanOrEqual(22);
    }
  });

  for (const host of [undefined, "", "localhost", "example.com", "/", "127.0.0.1:61613"]) {
    test(`SEMANTICS CONNECT: host ${JSON.stringify(host)} is taken`, async () => {
      const peer = await house.open();
      peer.frame("CONNECT", { "accept-version": "1.1,1.2", host });
      await peer.expect("CONNECTED", { version: "1.2" });
    });
  }

  test('"CONNECT": every login is accepted, also none', async () => {
    const logins: Record<string, string>[] = [
      {},
      { login: "guest" },
      { login: "a", passcode: "b:c" },
      { passcode: "" },
    ];
    for (const headers of logins) {
      const peer = await house.connect({ headers });
      await peer.silent();
    }
  });

  test("SEMANTICS CONNECT: a receipt of CONNECT comes as receipt-id of CONNECTED, and only so", async () => {
    const peer = await house.open();
    peer.frame("CONNECT", { ...connectHeaders("1.2"), receipt: "hello" });
    await peer.expect("CONNECTED", { "receipt-id": "hello" });
    await peer.silent();
  });

  test("SEMANTICS CONNECT: leading blanks are trimmed without accept-version, kept with it", async () => {
    const old = await house.open();
    old.send("CONNECT\nreceipt:  r \n\n\0");
    await old.expect("CONNECTED", { version: "1.0", "receipt-id": "r " });
    const recent = await house.open();
    recent.send("CONNECT\naccept-version:1.2\nhost:h\nreceipt:  r \n\n\0");
    await recent.expect("CONNECTED", { "receipt-id": "  r " });
  });

  const early: [command: string, headers: Record<string, string>][] = [
    ["SEND", { destination: "/topic/x" }],
    ["SUBSCRIBE", { id: "s", destination: "/topic/x" }],
    ["UNSUBSCRIBE", { id: "s" }],
    ["ACK", { id: "1" }],
    ["NACK", { id: "1" }],
    ["BEGIN", { transaction: "t" }],
    ["COMMIT", { transaction: "t" }],
    ["ABORT", { transaction: "t" }],
    ["DISCONNECT", {}],
  ];
  for (const [command, headers] of early) {
    test(`"Connecting": ${command} before CONNECT is refused`, async () => {
      const peer = await house.open();
      peer.frame(command, { ...headers, receipt: "r" });
      await peer.refused("not-connected", { "receipt-id": "r" });
    });
  }

  for (const command of ["CONNECT", "STOMP"]) {
    test(`SEMANTICS CONNECT: a second login by ${command} is an ERROR`, async () => {
      const peer = await house.connect();
      peer.frame(command, { ...connectHeaders("1.2"), receipt: "again" });
      await peer.refused("already-connected", { "receipt-id": "again" });
    });
  }

  test("SEMANTICS CONNECT: an ERROR before CONNECTED is by 1.0 rules and cannot be forged", async () => {
    const peer = await house.open();
    peer.send("SEND\nreceipt:a\\b\\cc\rd\ndestination:/topic/x\n\n\0");
    const error = await peer.refused("not-connected");
    expect(error.lines).toContain("receipt-id:a\\b\\cc d");
  });

  test('"Connecting": what follows CONNECT in the same piece is carried out', async () => {
    const destination = house.topic();
    const peer = await house.open();
    peer.send(
      `CONNECT\naccept-version:1.2\nhost:h\n\n\0SUBSCRIBE\nid:s\ndestination:${destination}\nreceipt:r\n\n\0SEND\ndestination:${destination}\n\nhi\0`,
    );
    await peer.expect("CONNECTED");
    await peer.expect("RECEIPT", { "receipt-id": "r" });
    await peer.expect("MESSAGE", {}, "hi");
  });
});

overEachTransport(
  "Login in time",
  (house) => {
    test("SEMANTICS CONNECT: a peer that does not log in within 10 s is refused", async () => {
      const silent = await house.open();
      const slow = await house.open();
      const late = await house.open();
      const loggedIn = await house.connect();
      slow.send("CONNECT\naccept-ver", { cut: "whole" });
      const runtime = house.broker().runtime;
      runtime.advance(8_000);
      expect(silent.waiting).toHaveLength(0);
      late.frame("CONNECT", connectHeaders("1.2"));
      await late.expect("CONNECTED");
      slow.send("sion:1.2\n", { cut: "whole" });
      runtime.advance(3_500);
      await silent.refused("login-timeout");
      await slow.refused("login-timeout");
      await late.silent();
      await loggedIn.silent();
    });
  },
  { transports: ["fake"], cuts: ["whole"] },
);

/** Sub-protocols offered and the one answered; null: refused with 400. */
const OFFERS: [offered: string | undefined, chosen: string | undefined | null][] = [
  [undefined, undefined],
  ["v12.stomp", "v12.stomp"],
  ["v11.stomp", "v11.stomp"],
  ["v10.stomp", "v10.stomp"],
  ["stomp", "stomp"],
  ["v10.stomp, v11.stomp, v12.stomp", "v12.stomp"],
  ["v10.stomp,v11.stomp", "v11.stomp"],
  ["stomp, v10.stomp", "v10.stomp"],
  ["mqtt, v11.stomp", "v11.stomp"],
  ["mqtt", null],
  ["v13.stomp, graphql-ws", null],
];

for (const [offered, chosen] of OFFERS) {
  test(`SEMANTICS Endpoints: offering the sub-protocols ${offered ?? "none"} gets ${chosen === null ? "400" : (chosen ?? "none")} [ws]`, async () => {
    const broker = await openBroker("ws");
    try {
      const answer = await broker.upgrade(offered === undefined ? {} : { protocols: offered });
      if (chosen === null) {
        if (!("status" in answer)) throw new Error("The upgrade was accepted");
        expect(answer.status).toBe(400);
        for (const ours of ["v12.stomp", "v11.stomp", "v10.stomp"])
          expect(answer.body).toContain(ours);
        return;
      }
      if ("status" in answer) throw new Error(`Refused with ${answer.status}`);
      expect(answer.protocol).toBe(chosen);
      // The version comes from accept-version all the same.
      answer.frame("CONNECT", { "accept-version": "1.1" });
      await answer.expect("CONNECTED", { version: "1.1" });
      answer.line.cut();
    } finally {
      await broker.stop();
    }
  });
}

for (const path of ["/", "/ws", "/stomp", "/stomp/websocket", "/ws/websocket"]) {
  test(`SEMANTICS Endpoints: STOMP is spoken on ${path} [ws]`, async () => {
    const broker = await openBroker("ws");
    const peer = await broker.open({ path });
    peer.frame("CONNECT", connectHeaders("1.2"));
    await peer.expect("CONNECTED");
    peer.line.cut();
    await broker.stop();
  });
}

/** `heart-beat` of CONNECT and of CONNECTED: the same pair seen from the other end, clamped. */
const BEATS: [asked: string, granted: string | FaultCode][] = [
  ["0,0", "0,0"],
  ["10000,20000", "20000,10000"],
  ["0,5000", "5000,0"],
  ["5000,0", "0,5000"],
  ["1,1", "100,100"],
  ["99,101", "101,100"],
  ["3600000,3600001", "3600000,3600000"],
  ["99999999,0", "0,3600000"],
  ["-1,0", "bad-heart-beat"],
  ["1000", "bad-heart-beat"],
  ["1000,1000,1000", "bad-heart-beat"],
  ["1.5,0", "bad-heart-beat"],
  ["a,b", "bad-heart-beat"],
  [",", "bad-heart-beat"],
  ["1e3,0", "bad-heart-beat"],
  ["+1,0", "bad-heart-beat"],
];

overEachTransport(
  "Heart-beating negotiation",
  (house) => {
    for (const [asked, granted] of BEATS) {
      test(`"Heart-beating": asking for ${JSON.stringify(asked)} is answered ${granted}`, async () => {
        const peer = await house.open();
        peer.frame("CONNECT", { ...connectHeaders("1.2"), "heart-beat": asked });
        if (granted === "bad-heart-beat") await peer.refused(granted);
        else await peer.expect("CONNECTED", { "heart-beat": granted });
      });
    }

    test("SEMANTICS CONNECT: a 1.0 session has no heart-beats", async () => {
      const peer = await house.connect({ version: "1.0", headers: { "heart-beat": "1000,1000" } });
      expect(peer.beats).toBe(0);
      const recent = await house.open();
      recent.frame("CONNECT", { "heart-beat": "1000,1000" });
      await recent.expect("CONNECTED", { version: "1.0", "heart-beat": "0,0" });
    });
  },
  { cuts: ["whole", "random"] },
);
