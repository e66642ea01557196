import { expect, test } from "bun:test";
import { apiRoots } from "../../src/cli/broker_api.ts";
import { parseBrokerUrl } from "../../src/client/broker_url.ts";

const table = [
  ["ws://localhost:61614", ["http://localhost:61614/"]],
  ["wss://broker.example/", ["https://broker.example:443/"]],
  ["https://broker.example/app", ["https://broker.example:443/app/"]],
  ["ws://[::1]:61614/app/", ["http://[::1]:61614/app/"]],
  ["ws://localhost:1/ws", ["http://localhost:1/", "http://localhost:1/ws/"]],
  ["ws://localhost:1/app/stomp", ["http://localhost:1/app/", "http://localhost:1/app/stomp/"]],
  [
    "ws://localhost:1/ws/websocket?x=1",
    ["http://localhost:1/", "http://localhost:1/ws/websocket/"],
  ],
  ["ws://localhost:1/news", ["http://localhost:1/news/"]],
  ["tcp://localhost:61613", []],
] as const;
test.each(table)("the API of %p is looked for at %p", (url, roots) => {
  expect(apiRoots(parseBrokerUrl(url))).toEqual([...roots]);
});
