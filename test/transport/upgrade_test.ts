/** SEMANTICS "Endpoints": where and how a WebSocket is opened, and what is said elsewhere. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConfigOverrides } from "../../src/config.ts";
import { ask, HANDSHAKE, openRawWebSocket, type RawAnswer } from "./raw_http.ts";
import { type RealBroker, startRealBroker } from "./real_broker.ts";

/** What to change of a handshake: path, or headers over those that are in order. */
type Change = { path?: string } & Readonly<Record<string, string | undefined>>;

function over(overrides: ConfigOverrides, define: (it: () => RealBroker) => void): void {
  let broker: RealBroker;
  beforeAll(async () => {
    broker = await startRealBroker(overrides);
  });
  afterAll(() => broker.stop());
  define(() => broker);
}

function shake(broker: RealBroker, change: Change = {}): Promise<RawAnswer> {
  const { path = "/", ...headers } = change;
  return ask({ port: broker.ws, path, headers: { ...HANDSHAKE, ...headers } });
}

describe("the sub-protocol", () => {
  over({}, (it) => {
    const chosen: readonly (readonly [offer: string, chosen: string])[] = [
      ["v12.stomp", "v12.stomp"],
      ["v11.stomp", "v11.stomp"],
      ["v10.stomp", "v10.stomp"],
      ["stomp", "stomp"],
      ["v10.stomp, v11.stomp, v12.stomp", "v12.stomp"],
      ["v12.stomp,v11.stomp,v10.stomp", "v12.stomp"],
      ["v10.stomp,v11.stomp", "v11.stomp"],
      ["stomp, v10.stomp", "v10.stomp"],
      ["mqtt, v11.stomp", "v11.stomp"],
      [" v12.stomp ", "v12.stomp"],
      ["v13.stomp,,v10.stomp", "v10.stomp"],
      ["v12.stomp, v12.stomp", "v12.stomp"],
    ];
    for (const [offer, choice] of chosen) {
      test(`of ${JSON.stringify(offer)} is ${choice}`, async () => {
        const answer = await shake(it(), { "Sec-WebSocket-Protocol": offer });
        expect(answer.status).toBe(101);
        expect(answer.headers.get("sec-websocket-protocol")).toBe(choice);
      });
    }

    for (const offer of ["mqtt", "v13.stomp", "V12.STOMP", "v12.stompx", "v12 .stomp", "a, b"]) {
      test(`of ${JSON.stringify(offer)} cannot be chosen: 400 lists ours`, async () => {
        const answer = await shake(it(), { "Sec-WebSocket-Protocol": offer });
        expect(answer.status).toBe(400);
        expect(answer.body).toContain("v12.stomp, v11.stomp, v10.stomp, stomp");
        expect(answer.body).toContain(JSON.stringify(offer));
      });
    }

    test("is none when none is offered", async () => {
      const answer = await shake(it());
      expect(answer.status).toBe(101);
      expect(answer.headers.has("sec-websocket-protocol")).toBe(false);
    });

    test("does not decide the version, accept-version does", async () => {
      const socket = await openRawWebSocket({
        port: it().ws,
        headers: { "Sec-WebSocket-Protocol": "v10.stomp" },
      });
      socket.text("CONNECT\naccept-version:1.2\nhost:localhost\n\n\0");
      expect(await socket.nextText()).toContain("\nversion:1.2\n");
      socket.cut();
    });
  });
});

describe("an upgrade", () => {
  over({}, (it) => {
    for (const path of ["/", "/ws", "/stomp", "/stomp/websocket", "/ws/websocket", "/ws?a=b"]) {
      test(`on ${path} is accepted`, async () => {
        expect((await shake(it(), { path })).status).toBe(101);
      });
    }

    for (const path of ["/nothing", "/chat/", "/ws/", "/WS", "/api/v1/send", "/metrics"]) {
      test(`on ${path} is not`, async () => {
        expect((await shake(it(), { path })).status).not.toBe(101);
      });
    }

    test("elsewhere is answered with the paths there are", async () => {
      const { status, body } = await shake(it(), { path: "/wrong" });
      expect(status).toBe(404);
      for (const path of ["/ws", "/stomp", "/stomp/websocket"]) expect(body).toContain(path);
    });

    const broken: readonly (readonly [string, Change, number])[] = [
      ["an old version", { "Sec-WebSocket-Version": "8" }, 426],
      ["no key", { "Sec-WebSocket-Key": undefined }, 400],
      ["a key that is too short", { "Sec-WebSocket-Key": "AAAA" }, 400],
    ];
    for (const [name, change, status] of broken) {
      test(`with ${name} is refused with ${status}`, async () => {
        expect((await shake(it(), change)).status).toBe(status);
      });
    }

    test("says websocket in any case", async () => {
      expect((await shake(it(), { Upgrade: "WebSocket" })).status).toBe(101);
    });

    test("offers no compression back", async () => {
      const answer = await shake(it(), { "Sec-WebSocket-Extensions": "permessage-deflate" });
      expect(answer.status).toBe(101);
      expect(answer.headers.has("sec-websocket-extensions")).toBe(false);
    });
  });
});

describe("a plain GET", () => {
  over({}, (it) => {
    for (const path of ["/ws", "/stomp", "/stomp/websocket", "/ws/websocket"]) {
      test(`of ${path} says where to connect`, async () => {
        const { ws: port } = it();
        const { status, body, headers } = await ask({ port, path });
        expect(status).toBe(426);
        expect(headers.get("upgrade")).toBe("websocket");
        expect(body).toContain(`ws://localhost:${port}/`);
      });
    }

    test("of / is a page", async () => {
      const { status, headers } = await ask({ port: it().ws });
      expect(status).toBe(200);
      expect(headers.get("content-type")).toStartWith("text/html");
    });

    for (const path of ["/info", "/ws/info", "/stomp/info?t=1700000000000"]) {
      test(`of ${path} says that SockJS is not spoken`, async () => {
        const { ws: port } = it();
        const { status, body } = await ask({ port, path });
        expect(status).toBe(404);
        expect(body).toBe(`SockJS is not spoken here, use brokerURL: "ws://localhost:${port}/"\n`);
      });
    }
  });
});

describe("below a prefix", () => {
  over({ listen: ["ws://localhost:0/app/stomp"] }, (it) => {
    test.each([
      ["/app/stomp", 101],
      ["/app/stomp/", 101],
      ["/app/stomp/ws", 101],
      ["/app/stomp/stomp/websocket", 101],
      ["/", 404],
      ["/ws", 404],
      ["/app", 404],
      ["/app/stompbox", 404],
      ["/app/stomp/app/stomp", 404],
    ])("an upgrade on %s gets %d", async (path, status) => {
      expect((await shake(it(), { path })).status).toBe(status);
    });

    test("URLs in answers have it", async () => {
      const { ws: port } = it();
      const url = `ws://localhost:${port}/app/stomp/`;
      expect((await ask({ port, path: "/app/stomp/ws" })).body).toContain(url);
      expect((await ask({ port, path: "/app/stomp/ws/info" })).body).toContain(url);
    });
  });
});

describe("paths of one's own choice", () => {
  over({ webSocketPaths: ["/socket"] }, (it) => {
    test.each([
      ["/socket", 101],
      ["/ws", 404],
      ["/stomp", 404],
    ])("an upgrade on %s gets %d", async (path, status) => {
      expect((await shake(it(), { path })).status).toBe(status);
    });

    test("URLs in answers lead to one of them", async () => {
      const { ws: port } = it();
      const { body } = await ask({ port, path: "/socket/info" });
      const path = /ws:\/\/localhost:\d+(\/[^"]*)"/.exec(body)?.[1] ?? "";
      expect((await shake(it(), { path })).status).toBe(101);
    });
  });
});

describe("files of one's own", () => {
  const folder = mkdtempSync(join(tmpdir(), "stompbox-upgrade-"));
  writeFileSync(join(folder, "index.html"), "<p>my own page");
  writeFileSync(join(folder, "ws"), "a file called ws");
  afterAll(() => rmSync(folder, { recursive: true }));
  over({ static: folder }, (it) => {
    test.each(["/", "/ws"])("do not stand in the way of an upgrade on %s", async (path) => {
      expect((await shake(it(), { path })).status).toBe(101);
    });

    test("are there for a plain GET of /", async () => {
      expect((await ask({ port: it().ws })).body).toBe("<p>my own page");
    });
  });
});
