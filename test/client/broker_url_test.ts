import { expect, test } from "bun:test";
import { BrokerUrlError, parseBrokerUrl } from "../../src/client/broker_url.ts";

const good = [
  [
    "ws://localhost",
    "ws://localhost:61614",
    { carrier: "ws", tls: false, port: 61_614, path: "/" },
  ],
  ["ws://127.0.0.1/ws", "ws://127.0.0.1:61614/ws", { port: 61_614, path: "/ws" }],
  ["ws://[::1]", "ws://[::1]:61614", { host: "::1", port: 61_614 }],
  ["ws://broker.example", "ws://broker.example:80", { port: 80 }],
  ["ws://localhost:80", "ws://localhost:80", { port: 80 }],
  ["wss://broker.example/a?b=c", "wss://broker.example:443/a?b=c", { tls: true, port: 443 }],
  ["wss://localhost", "wss://localhost:443", { port: 443 }],
  ["ws://h:1?b=c", "ws://h:1/?b=c", { path: "/?b=c" }],
  ["http://localhost:8080/", "ws://localhost:8080", { carrier: "ws", path: "/" }],
  ["https://broker.example", "wss://broker.example:443", { carrier: "ws", tls: true }],
  ["tcp://localhost", "tcp://localhost:61613", { carrier: "tcp", tls: false, port: 61_613 }],
  ["stomp://h", "tcp://h:61613", { carrier: "tcp", path: "" }],
  ["tcp://h:7/", "tcp://h:7", { port: 7, path: "" }],
  ["ssl://h", "ssl://h:61612", { carrier: "tcp", tls: true, port: 61_612 }],
  ["tls://h:1", "ssl://h:1", { tls: true }],
  ["stomp+ssl://h", "ssl://h:61612", { tls: true }],
  ["TCP://LOCALHOST:1", "tcp://localhost:1", { host: "localhost" }],
  ["tcp://ann@h", "tcp://h:61613", { login: "ann", passcode: undefined }],
  ["tcp://ann:secret@h", "tcp://h:61613", { login: "ann", passcode: "secret" }],
  ["tcp://a%40b:p%3Aq:r@h:1", "tcp://h:1", { login: "a@b", passcode: "p:q:r" }],
  ["tcp://ann:@h", "tcp://h:61613", { login: "ann", passcode: "" }],
] as const;

test.each(good)("%s is %s", (url, shown, parts) => {
  const read = parseBrokerUrl(url);
  expect(read).toMatchObject(parts);
  expect(read.shown).toBe(shown);
});

const FORMS = "expected ws://, wss://, tcp:// or ssl://, then HOST and perhaps :PORT";
const bad = [
  ["", `Cannot connect to "": ${FORMS}`],
  ["localhost:61613", `Cannot connect to "localhost:61613": ${FORMS}`],
  ["tcp:/h", `Cannot connect to "tcp:/h": ${FORMS}`],
  ["ftp://h", `Cannot connect to "ftp://h": unknown scheme "ftp", ${FORMS}`],
  ["tcp://", `Cannot connect to "tcp://": "" is not a host, ${FORMS}`],
  ["tcp://a b", `Cannot connect to "tcp://a b": "a b" is not a host, ${FORMS}`],
  ["tcp://h:", 'Cannot connect to "tcp://h:": "" is not a port, expected 1 to 65535'],
  ["tcp://h:0", 'Cannot connect to "tcp://h:0": "0" is not a port, expected 1 to 65535'],
  [
    "tcp://h:65536",
    'Cannot connect to "tcp://h:65536": "65536" is not a port, expected 1 to 65535',
  ],
  ["tcp://h:x", 'Cannot connect to "tcp://h:x": "x" is not a port, expected 1 to 65535'],
  ["tcp://h/path", `Cannot connect to "tcp://h/path": tcp:// takes no path, ${FORMS}`],
  ["ws://h/#a", `Cannot connect to "ws://h/#a": ${FORMS}`],
  ["tcp://a%:b@h", 'Cannot connect to "tcp://***@h": login and passcode must be percent-encoded'],
  [
    "tcp://ann:secret@h:x",
    'Cannot connect to "tcp://***@h:x": "x" is not a port, expected 1 to 65535',
  ],
] as const;

test.each(bad)("%p is refused, and a passcode never shown", (url, sentence) => {
  expect(() => parseBrokerUrl(url)).toThrow(new BrokerUrlError(sentence));
});
