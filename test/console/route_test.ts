import { describe, expect, test } from "bun:test";
import { rootOf, socketUrlOf } from "../../console/broker/root.ts";
import { hrefTo, parseRoute } from "../../console/route.ts";

describe("A hash names a page and what it shows", () => {
  test.each([
    ["", { page: "overview", params: {} }],
    ["#/", { page: "overview", params: {} }],
    ["#/no-such-page?a=1", { page: "overview", params: { a: "1" } }],
    [
      "#/frames?connection=3&q=dest%3A%2Fqueue%2F*",
      { page: "frames", params: { connection: "3", q: "dest:/queue/*" } },
    ],
    ["#/destinations?open=a%3Fb", { page: "destinations", params: { open: "a?b" } }],
    ["#/destinations?open=a?b", { page: "destinations", params: { open: "a?b" } }],
  ] as const)("%j", (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
  });

  test("and back, whatever the values hold", () => {
    const params = { open: "<img src=x>&=?#%/\u202e 100%", q: "a b+c" };
    expect(parseRoute(hrefTo("destinations", params))).toEqual({ page: "destinations", params });
  });

  test("without what is empty", () => {
    expect(hrefTo("connections", { q: "", open: undefined })).toBe("#/connections");
  });
});

describe("The broker is found from wherever the console is served", () => {
  test.each([
    ["http://localhost:61614/console/", "http://localhost:61614/", "ws://localhost:61614/"],
    [
      "http://localhost:61614/console/index.html#/frames",
      "http://localhost:61614/",
      "ws://localhost:61614/",
    ],
    ["https://host/box/console/?x=1", "https://host/box/", "wss://host/box/"],
    ["http://host/_stompbox/console/", "http://host/", "ws://host/"],
    ["http://host/box/_stompbox/console/", "http://host/box/", "ws://host/box/"],
  ])("%s", (page, root, socket) => {
    expect(rootOf(page).href).toBe(root);
    expect(socketUrlOf(rootOf(page))).toBe(socket);
  });
});
