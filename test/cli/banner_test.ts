import { describe, expect, test } from "bun:test";
import { bannerLines, startLine, type StartFacts } from "../../src/cli/banner.ts";
import { portsText } from "../../src/cli/ports_file.ts";

const ws = {
  scheme: "ws",
  host: "localhost",
  port: 61614,
  path: "/",
  url: "ws://localhost:61614/",
} as const;
const tcp = {
  scheme: "tcp",
  host: "localhost",
  port: 61613,
  path: "",
  url: "tcp://localhost:61613",
} as const;
const facts: StartFacts = {
  version: "1.2.3",
  pid: 4711,
  addresses: [ws, tcp],
  storage: "memory",
  loopback: true,
};
const plain = { color: false };

describe("the banner", () => {
  test("names URLs, storage, logins and what to try", () => {
    expect(bannerLines(facts, plain)).toEqual([
      "stompbox 1.2.3  memory: nothing survives a restart",
      "",
      "  page       http://localhost:61614/",
      "  websocket  ws://localhost:61614/",
      "  stomp      tcp://localhost:61613",
      "  login      anyone on this machine",
      "",
      "  try        open http://localhost:61614/chat/ in two windows",
      "             and http://localhost:61614/console/ to see every frame",
    ]);
  });

  test.each([0, 1, 2, 3, 4, 5, 20])(
    "has at most ten lines with %d listeners of each kind",
    (count) => {
      const of = <T extends object>(address: T, scheme: string): (T & { url: string })[] =>
        Array.from({ length: count }, (_, n) => ({
          ...address,
          url: `${scheme}://localhost:${n + 1}`,
        }));
      const addresses = [...of(ws, "ws"), ...of(tcp, "tcp")];
      expect(bannerLines({ ...facts, addresses }, plain).length).toBeLessThanOrEqual(10);
    },
  );

  test("says how many URLs it leaves out", () => {
    const addresses = [
      ws,
      tcp,
      { ...tcp, url: "tcp://localhost:2" },
      { ...tcp, url: "tcp://localhost:3" },
      { ...tcp, url: "tcp://localhost:4" },
    ];
    expect(bannerLines({ ...facts, addresses }, plain)).toContain("             and 3 more");
  });

  test("shows an address once that is listened on twice", () => {
    const addresses = [ws, ws, tcp, tcp];
    expect(bannerLines({ ...facts, addresses }, plain)).toEqual(bannerLines(facts, plain));
  });

  test("finds something to try without a page", () => {
    expect(bannerLines({ ...facts, addresses: [tcp] }, plain).at(-1)).toBe(
      "  try        printf 'CONNECT\\n\\n\\0' | nc localhost 61613",
    );
  });

  test("sends nobody to the address that stands for all", () => {
    const addresses = [
      { ...ws, host: "0.0.0.0", url: "ws://0.0.0.0:80/a" },
      { ...tcp, host: "::", url: "tcp://[::]:81" },
    ];
    const lines = bannerLines({ ...facts, addresses, loopback: false }, plain);
    expect(lines).toContain("  page       http://localhost:80/a/");
    expect(lines).toContain("  login      anyone who can reach it");
    // Where others reach it, the console is not open.
    expect(lines.join()).not.toContain("console");
    const urls = ["http://localhost:80/a/", "ws://localhost:80/a", "tcp://localhost:81"];
    expect(JSON.parse(startLine({ ...facts, addresses }))).toMatchObject({ urls });
    expect(lines.join()).not.toMatch(/0\.0\.0\.0|\[::\]/);
    expect(bannerLines({ ...facts, addresses: addresses.slice(1) }, plain).at(-1)).toEndWith(
      "nc localhost 61613",
    );
  });

  test("is coloured only when colours are welcome", () => {
    expect(bannerLines(facts, plain).join()).not.toContain("\x1b");
    expect(bannerLines(facts, { color: true }).join()).toContain(
      "\x1b[36mhttp://localhost:61614/\x1b[0m",
    );
  });
});

test("the line for machines holds the same facts", () => {
  expect(JSON.parse(startLine(facts))).toEqual({
    name: "stompbox",
    version: "1.2.3",
    pid: 4711,
    urls: ["http://localhost:61614/", "ws://localhost:61614/", "tcp://localhost:61613"],
    storage: "memory",
    login: "anyone on this machine",
  });
  expect(startLine(facts)).not.toContain("\n");
});

describe("the ports file", () => {
  test("holds the first port of each kind and every listener", () => {
    const second = { ...ws, port: 2 };
    expect(JSON.parse(portsText([ws, second, tcp]))).toEqual({
      http: 61614,
      stomp: 61613,
      listeners: [ws, second, tcp],
    });
  });

  test("says null for a kind that nobody listens on", () => {
    expect(JSON.parse(portsText([tcp]))).toMatchObject({ http: null, stomp: 61613 });
  });
});
