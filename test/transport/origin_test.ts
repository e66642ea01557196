/** SEMANTICS "Endpoints": which pages may talk to which listener, over real requests. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ConfigOverrides } from "../../src/config.ts";
import { ask, HANDSHAKE } from "./raw_http.ts";
import { type RealBroker, startRealBroker } from "./real_broker.ts";

/** `Origin`, whether it is let in, and `Host` where it is not the usual; PORT is the listener's. */
type Case = readonly [origin: string | undefined, accepted: boolean, host?: string];

const LOOPBACK: readonly Case[] = [
  // Not a browser.
  [undefined, true],
  [undefined, true, "localhost"],
  [undefined, true, "127.0.0.1:PORT"],
  [undefined, true, "[::1]:PORT"],
  // Names have no case, and may end with the dot of the root.
  [undefined, true, "LOCALHOST:PORT"],
  [undefined, true, "LocalHost.:PORT"],
  [undefined, true, "localhost."],
  ["http://localhost:PORT", true, "LOCALHOST:PORT"],
  [undefined, false, "localhost..:PORT"],
  [undefined, false, ".localhost:PORT"],
  // A numeric loopback address is nobody's name; pages of it are those of that listener.
  [undefined, true, "127.0.0.2:PORT"],
  ["http://127.0.0.2:PORT", true, "127.0.0.2:PORT"],
  ["http://127.0.0.2:5173", true, "127.0.0.2:PORT"],
  ["http://127.0.0.3:5173", false, "127.0.0.2:PORT"],
  ["http://127.0.0.2.nip.io", false, "127.0.0.2:PORT"],
  ["http://127.0.0.2:5173@evil.com", false, "127.0.0.2:PORT"],
  ["http://evil.com", false, "127.0.0.2:PORT"],
  [undefined, true, "[::ffff:7f00:1]:PORT"],
  [undefined, false, "[::ffff:8000:1]:PORT"],
  [undefined, false, "127.0.0.2.nip.io:PORT"],
  [undefined, false, "127.0.0:PORT"],
  // A page of this machine, whatever its port.
  ["http://localhost:PORT", true],
  ["http://localhost", true],
  ["https://localhost", true],
  ["http://localhost:5173", true],
  ["https://localhost:5173", true],
  ["http://127.0.0.1:3000", true],
  ["http://[::1]:8080", true],
  ["http://[::1]", true],
  ["http://127.0.0.1:5173", true, "[::1]:PORT"],
  // Look-alikes.
  ["http://localhost.example.com", false],
  ["http://localhost.", false],
  ["http://notlocalhost", false],
  ["http://example.com:5173", false],
  ["http://localhost@example.com", false],
  ["http://localhost:5173@example.com", false],
  ["http://127.0.0.1.example.com", false],
  ["http://127.0.0.1.nip.io", false],
  ["http://127.0.0.2", false],
  ["http://127.1", false],
  ["http://0.0.0.0", false],
  ["http://[::2]", false],
  ["http://[::1].example.com", false],
  ["http://::1", false],
  ["http://example.com/localhost", false],
  ["http://example.com#localhost", false],
  ["HTTP://LOCALHOST:5173", false],
  ["http://LocalHost:5173", false],
  // No origin at all, though a page sent it.
  ["null", false],
  ["", false],
  ["*", false],
  ["file:", false],
  ["file://", false],
  ["file://localhost", false],
  // Other schemes.
  ["ws://localhost:PORT", false],
  ["chrome-extension://abcdefghijklmnop", false],
  ["moz-extension://0b2d1c58-6f3b-4a0f-8d0e-000000000000", false],
  ["capacitor://localhost", false],
  ["app://localhost", false],
  ["data:text/html,localhost", false],
  // Not what a browser would write.
  ["http://localhost:5173/", false],
  ["http://localhost:", false],
  ["http://localhost:123456", false],
  ["http://localhost:5173, http://example.com", false],
  ["http://localhost:5173 http://example.com", false],
  ["localhost:5173", false],
  ["//localhost", false],
  // A foreign name that leads to this machine (DNS rebinding).
  [undefined, false, "example.com"],
  [undefined, false, "example.com:PORT"],
  ["http://example.com:PORT", false, "example.com:PORT"],
  ["http://localhost:PORT", false, "example.com:PORT"],
  [undefined, false, "localhost.example.com:PORT"],
  [undefined, false, "127.0.0.1.nip.io:PORT"],
  [undefined, false, "192.168.1.7:PORT"],
  [undefined, false, "localhost:PORT@example.com"],
];

const ALLOWED = [
  "https://app.example.com",
  "https://*.example.org",
  "http://*.local.test:8080",
  "chrome-extension://abcdefghijklmnop",
];

const WITH_ALLOWED: readonly Case[] = [
  ["https://app.example.com", true],
  ["http://app.example.com", false],
  ["https://app.example.com:8443", false],
  ["https://app.example.com.evil.com", false],
  ["https://evil-app.example.com", false],
  ["https://example.com", false],
  ["https://a.example.org", true],
  ["https://a.b-c.example.org", true],
  ["https://example.org", false],
  ["https://.example.org", false],
  ["https://evilexample.org", false],
  ["https://a.example.org.evil.com", false],
  ["https://evil.com/.example.org", false],
  ["https://evil.com#.example.org", false],
  ["https://evil.com:1.example.org", false],
  ["https://user@a.example.org", false],
  ["http://a.example.org", false],
  ["https://a.example.org:8443", false],
  ["http://x.local.test:8080", true],
  ["http://x.local.test", false],
  ["chrome-extension://abcdefghijklmnop", true],
  ["chrome-extension://ponmlkjihgfedcba", false],
  ["http://localhost:5173", true],
  ["null", false],
  // A proxy in front that keeps the Host.
  ["https://app.example.com", true, "app.example.com"],
  [undefined, true, "app.example.com"],
  [undefined, true, "a.example.org"],
  [undefined, false, "evil.com"],
];

const STRICT: readonly Case[] = [
  [undefined, true],
  ["http://localhost:PORT", true],
  ["https://localhost:PORT", true],
  ["http://127.0.0.1:PORT", true, "127.0.0.1:PORT"],
  ["http://127.0.0.1:PORT", false],
  ["http://localhost:5173", false],
  ["http://localhost", false],
  ["null", false],
  ["http://example.com:PORT", false, "example.com:PORT"],
  ["http://127.0.0.2:PORT", true, "127.0.0.2:PORT"],
  ["http://127.0.0.2:5173", false, "127.0.0.2:PORT"],
];

const ANY_ADDRESS: readonly Case[] = [
  [undefined, true],
  [undefined, true, "broker.example.com:PORT"],
  ["http://127.0.0.1:PORT", true, "127.0.0.1:PORT"],
  ["http://broker.example.com:PORT", true, "broker.example.com:PORT"],
  ["https://broker.example.com", true, "broker.example.com"],
  ["http://broker.example.com:PORT", true, "Broker.Example.com:PORT"],
  ["http://broker.example.com", false, "broker.example.com:PORT"],
  ["http://broker.example.com:5173", false, "broker.example.com:PORT"],
  ["http://broker.example.com.evil.com:PORT", false, "broker.example.com:PORT"],
  ["http://localhost:5173", false],
  ["http://localhost:5173", false, "127.0.0.1:PORT"],
  ["http://evil.com", false],
  ["null", false],
  ["file://", false],
];

const TABLES: readonly (readonly [string, ConfigOverrides, readonly Case[]])[] = [
  ["on loopback", {}, LOOPBACK],
  ["on loopback with --allow-origin", { allowOrigin: ALLOWED }, WITH_ALLOWED],
  ["on loopback with --strict-origin", { strictOrigin: true }, STRICT],
  [
    "on every address with --allow-anonymous",
    { listen: ["ws://0.0.0.0:0"], allowAnonymous: true },
    ANY_ADDRESS,
  ],
];

for (const [where, overrides, cases] of TABLES) {
  describe(where, () => {
    let broker: RealBroker;
    beforeAll(async () => {
      broker = await startRealBroker(overrides);
    });
    afterAll(() => broker.stop());

    for (const [origin, accepted, host = "localhost:PORT"] of cases) {
      test(`${accepted ? "accepts" : "refuses"} Origin ${JSON.stringify(origin)}, Host ${host}`, async () => {
        const { ws: port } = broker;
        const withPort = (text: string): string => text.replace("PORT", String(port));
        const headers = {
          Host: withPort(host),
          Origin: origin === undefined ? undefined : withPort(origin),
        };
        const upgrade = await ask({ port, headers: { ...HANDSHAKE, ...headers } });
        const path = "/api/v1/send?destination=/topic/origin";
        const send = await ask({ port, method: "POST", path, headers, body: "x" });
        expect([upgrade.status, send.status]).toEqual(accepted ? [101, 200] : [403, 403]);
      });
    }
  });
}

test.skipIf(process.platform !== "linux")(
  "a listener on an address of its own is reached under it",
  async () => {
    const broker = await startRealBroker({ listen: ["ws://127.0.0.2:0"] });
    try {
      const root = `http://127.0.0.2:${broker.ws}`;
      const page = await fetch(root);
      expect([page.status, (await page.text()).includes("<h1>")]).toEqual([200, true]);
      const headers = { Origin: root };
      const send = `${root}/api/v1/send?destination=/topic/own`;
      const sent = await fetch(send, { method: "POST", headers, body: "x" });
      await sent.text();
      expect(sent.status).toBe(200);
    } finally {
      await broker.stop();
    }
  },
);

/** `Sec-Fetch-Site` and `Origin`, as browsers send them; PORT is the listener's. */
const SITES: readonly (readonly [
  site: string | undefined,
  origin: string | undefined,
  accepted: boolean,
])[] = [
  // Not a browser.
  [undefined, undefined, true],
  // A page of ours, or an address typed in.
  ["same-origin", undefined, true],
  ["none", undefined, true],
  ["same-origin", "http://localhost:PORT", true],
  // An image, a script, a link on a page elsewhere: it may be any.
  ["cross-site", undefined, false],
  ["same-site", undefined, false],
  ["", undefined, false],
  ["none, cross-site", undefined, false],
  ["what is to come", undefined, false],
  // With an Origin it is the Origin that counts.
  ["same-site", "http://localhost:5173", true],
  ["cross-site", "http://127.0.0.1:5173", true],
  ["cross-site", "https://app.example.com", true],
  ["cross-site", "https://evil.com", false],
  ["same-origin", "https://evil.com", false],
];

describe("without an Origin Sec-Fetch-Site decides", () => {
  let broker: RealBroker;
  beforeAll(async () => {
    broker = await startRealBroker({ allowOrigin: ["https://app.example.com"] });
  });
  afterAll(() => broker.stop());

  for (const [site, origin, accepted] of SITES) {
    test(`${accepted ? "accepts" : "refuses"} Sec-Fetch-Site ${JSON.stringify(site)}, Origin ${origin}`, async () => {
      const { ws: port } = broker;
      const headers = {
        "Sec-Fetch-Site": site,
        Origin: origin?.replace("PORT", String(port)),
      };
      const upgrade = await ask({ port, headers: { ...HANDSHAKE, ...headers } });
      const path = "/api/v1/send?destination=/topic/origin";
      const send = await ask({ port, method: "POST", path, headers, body: "x" });
      const status = await ask({ port, path: "/api/v1/status", headers });
      expect([upgrade.status, send.status, status.status]).toEqual(
        accepted ? [101, 200, 200] : [403, 403, 403],
      );
    });
  }

  test("and not for pages, which others may link to", async () => {
    const headers = { "Sec-Fetch-Site": "cross-site" };
    for (const path of ["/", "/chat/", "/healthz"]) {
      expect([path, (await ask({ port: broker.ws, path, headers })).status]).toEqual([path, 200]);
    }
  });
});

test("a Host that no URL can hold is a bad request", async () => {
  const broker = await startRealBroker({ listen: ["ws://0.0.0.0:0"], allowAnonymous: true });
  try {
    for (const host of ["a b", "localhost:PORT@", "http://x:y", "[::1"]) {
      const { status } = await ask({ port: broker.ws, path: "/healthz", headers: { Host: host } });
      expect([host, status]).toEqual([host, 400]);
    }
  } finally {
    await broker.stop();
  }
});

describe("a refusal", () => {
  test("names the rule to the caller, and rule, value and remedy to the observer", async () => {
    const broker = await startRealBroker();
    try {
      const { status, body } = await ask({
        port: broker.ws,
        headers: { ...HANDSHAKE, Origin: "https://app.example.com" },
      });
      expect(status).toBe(403);
      expect(body).toContain("Origin must be a page of this machine");
      expect(body).not.toContain("app.example.com");
      const told = broker.events.filter(({ type }) => type === "origin-refused");
      expect(told).toHaveLength(1);
      expect(told[0]).toMatchObject({
        rule: expect.stringContaining("localhost"),
        seen: "Origin: https://app.example.com",
        remedy: "--allow-origin https://app.example.com",
      });
    } finally {
      await broker.stop();
    }
  });

  test("of a foreign Host covers pages, health and metrics as well", async () => {
    const broker = await startRealBroker();
    try {
      for (const path of ["/", "/chat/", "/healthz", "/metrics", "/api/v1/status"]) {
        const { status } = await ask({
          port: broker.ws,
          path,
          headers: { Host: "evil.example.com" },
        });
        expect([path, status]).toEqual([path, 403]);
      }
      expect(await broker.metric('stompbox_refusals_total{code="origin-refused"}')).toBe(5);
    } finally {
      await broker.stop();
    }
  });
});
