/** `stompbox doctor` with those that are well, and those that are not. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { CHECKS } from "../../src/cli/doctor_finding.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { makeCertificate, NO_TLS_FRONT, startTlsFront } from "../client/tls_front.ts";
import { type ScriptedPeer, startScriptedBroker } from "../client/scripted_broker.ts";
import { manualRuntime } from "../support/manual_runtime.ts";
import { until } from "../support/until.ts";
import { type BrokerCli, type RunOptions, startBrokerCli } from "./broker_cli.ts";
import { type Patient, startAnswering, startHangingUp, startProxy } from "./doctor_patients.ts";

const world: { cli?: BrokerCli } = {};
beforeAll(async () => {
  world.cli = await startBrokerCli();
});
afterAll(async () => {
  await world.cli?.stop();
});

function cli(): BrokerCli {
  if (world.cli === undefined) throw new Error("No broker");
  return world.cli;
}

const findingSchema = z.strictObject({
  check: z.enum(CHECKS),
  verdict: z.enum(["ok", "warn", "fail"]),
  seen: z.string(),
  remedy: z.string().optional(),
  facts: z.record(z.string(), z.unknown()),
});
type Found = z.output<typeof findingSchema>;

/** Soon, and without what takes long. */
const SHORT = ["--heart-beat", "100ms", "--no-large"];

/** What the doctor finds; it must be nothing but JSON. */
async function examine(argv: readonly string[], options: RunOptions = {}) {
  const { code, out, err } = await cli().run(["doctor", ...argv, "--json"], options);
  expect(err).toBe("");
  const found = out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => findingSchema.parse(JSON.parse(line)));
  return { code, found, verdicts: found.map(({ check, verdict }) => `${check} ${verdict}`) };
}

/** The last thing found, which must have failed. */
async function failureOf(argv: readonly string[], options: RunOptions = {}): Promise<Found> {
  const { code, found } = await examine([...SHORT, ...argv], options);
  expect(code).toBe(1);
  const last = found.at(-1);
  if (last?.verdict !== "fail") throw new Error(`Nothing failed: ${JSON.stringify(found)}`);
  expect(last.remedy ?? "").not.toBe("");
  return last;
}

async function withPatient<T>(
  starting: Promise<Patient>,
  work: (url: string, patient: Patient) => Promise<T>,
): Promise<T> {
  const patient = await starting;
  try {
    return await work(`ws://127.0.0.1:${patient.port}`, patient);
  } finally {
    patient.stop();
  }
}

describe("a healthy broker", () => {
  test("over WebSocket is well in every respect", async () => {
    const { code, verdicts, found } = await examine(["--heart-beat", "100ms", cli().url("ws")]);
    expect({ code, verdicts }).toEqual({
      code: 0,
      verdicts: [
        ...["address ok", "connect ok", "upgrade ok", "stomp ok", "heart-beat ok", "round-trip ok"],
        "frame-size ok",
      ],
    });
    const facts = new Map(found.map((each) => [each.check, each.facts]));
    expect(facts.get("upgrade")).toMatchObject({ status: 101, subProtocol: "v12.stomp" });
    expect(facts.get("stomp")).toMatchObject({ version: "1.2", server: "stompbox/test" });
    expect(facts.get("heart-beat")).toMatchObject({ asked: "100,100", granted: "100,100" });
    expect(facts.get("round-trip")).toMatchObject({ count: 20 });
    expect(facts.get("frame-size")).toMatchObject({ passedBytes: 1024 ** 2 });
  });

  test("over TCP has no upgrade", async () => {
    const { code, verdicts } = await examine([...SHORT, cli().url("tcp")]);
    expect({ code, verdicts }).toEqual({
      code: 0,
      verdicts: ["address ok", "connect ok", "stomp ok", "heart-beat ok", "round-trip ok"],
    });
  });

  test("is found by STOMPBOX_URL, and told of in lines for a person", async () => {
    const { code, out, err } = await cli().run(["doctor", ...SHORT], { carrier: "ws" });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toBe(`Examining ${cli().url("ws")}`);
    expect(lines.slice(1, -1).every((line) => /^ok {4}[a-z-]+ +\S/.test(line))).toBe(true);
    expect(lines.at(-1)).toBe("All is well");
  });

  test("lets pages of this machine in, and no others", async () => {
    const url = cli().url("ws");
    const ours = await examine([...SHORT, url, "--origin", "http://localhost:5173"]);
    expect(ours.verdicts).toContain("origin ok");
    const theirs = await examine([...SHORT, url, "--origin", "https://shop.example"]);
    expect(theirs.code).toBe(1);
    const origin = theirs.found.find(({ check }) => check === "origin");
    expect(origin).toMatchObject({ verdict: "fail", facts: { status: 403 } });
    expect(origin?.remedy).toContain("--allow-origin https://shop.example");
    // Whatever pages may, the rest is worth knowing.
    expect(theirs.verdicts).toContain("round-trip ok");
  });
});

describe("no way there:", () => {
  test("a name that nobody knows", async () => {
    const failure = await failureOf(["tcp://no-such-broker.invalid"]);
    expect(failure).toMatchObject({ check: "address" });
    expect(failure.seen).toContain('no address is known for "no-such-broker.invalid"');
  });

  test("a port on which nothing listens", async () => {
    const patient = await startAnswering();
    patient.stop();
    const failure = await failureOf([`ws://127.0.0.1:${patient.port}`]);
    expect(failure).toMatchObject({
      check: "connect",
      seen: `127.0.0.1:${patient.port} does not: nothing listens there`,
    });
    expect(failure.remedy).toContain("61614 for ws");
  });

  const mute = [
    ["ws", "upgrade"],
    ["tcp", "stomp"],
  ] as const;
  test.each(mute)(
    "over %s, a port that takes connections and says nothing",
    async (carrier, check) => {
      await withPatient(startAnswering(), async (url, patient) => {
        const manual = manualRuntime(1);
        const running = cli().start(["doctor", "--json", url.replace("ws", carrier)], {
          runtime: { ...systemRuntime, every: manual.every },
        });
        await until("it was asked something", () => patient.received() !== "");
        manual.advance(5_000);
        expect(await running.done).toBe(1);
        const last = running.written.out.trimEnd().split("\n").at(-1) ?? "";
        const failure = findingSchema.parse(JSON.parse(last));
        expect(failure).toMatchObject({ check, verdict: "fail" });
        expect(failure.seen).toMatch(/nothing comes within 5 s|no answer within 5 s/);
      });
    },
  );

  test("a port that hangs up", async () => {
    await withPatient(startHangingUp(), async (url) => {
      expect(await failureOf([url])).toMatchObject({ check: "upgrade" });
      expect(await failureOf([url.replace("ws", "tcp")])).toMatchObject({ check: "stomp" });
    });
  });
});

describe("an answer that is no upgrade", () => {
  const answer = (status: string, ...headers: readonly string[]): string =>
    [`HTTP/1.1 ${status}`, ...headers, "content-length: 0", "", ""].join("\r\n");
  const table = [
    [
      answer("200 OK", "server: nginx"),
      "by nginx with HTTP status 200 OK",
      "proxy_set_header Upgrade",
    ],
    [answer("301 Moved", "location: https://shop.example/ws"), "301", "use wss://shop.example/ws"],
    [answer("307 Moved", "location: /stomp"), "307", "/stomp"],
    [answer("302 Found"), "302", "why it sends elsewhere"],
    [answer("400 Bad Request"), "400", "correct the port"],
    [answer("401 Unauthorized"), "401", "let this path pass"],
    [answer("403 Forbidden"), "403", "refuses by name or address"],
    [answer("404 Not Found"), "404", "many brokers have /ws or /stomp"],
    [answer("405 Method Not Allowed"), "405", "correct the path"],
    [answer("426 Upgrade Required"), "426", "proxy_set_header Upgrade"],
    [answer("500 Oops"), "500", "see its log"],
    [
      answer("502 Bad Gateway", "via: 1.1 proxy"),
      "by 1.1 proxy with HTTP status 502",
      "does not reach the broker",
    ],
    [answer("503 Busy"), "503", "try later"],
    [answer("504 Late"), "504", "does not reach the broker"],
    ["ERROR\nmessage:no\n\n\0", 'is no HTTP: "ERROR', "try tcp://"],
    ["HTTP/2 200\r\n\r\n", "is no HTTP", "try tcp://"],
    ["HTTP/1.1 what\r\n\r\n", "is no HTTP", "try tcp://"],
    [`HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}`, "is no HTTP", "try tcp://"],
  ] as const;
  test.each(table)("%#: is told, and what to do", async (text, seen, remedy) => {
    await withPatient(startAnswering(text), async (url) => {
      const failure = await failureOf([url]);
      expect(failure.check).toBe("upgrade");
      expect(failure.seen).toContain(seen);
      expect(failure.remedy).toContain(remedy);
    });
  });

  test("says what the answer says, unless it would drive the terminal", async () => {
    const body = "Go away\x1b[2J\nnow";
    const text = `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    await withPatient(startAnswering(text), async (url) => {
      const { out } = await cli().run(["doctor", url]);
      expect(out).toContain("expected 101: Go away\\x1b[2J");
      expect(out).not.toContain("\x1b");
    });
  });

  test("of the TCP port of stompbox names the right URL", async () => {
    const failure = await failureOf([`ws://localhost:${cli().broker.tcp}`]);
    expect(failure.seen).toContain(`WebSocket at ws://localhost:${cli().broker.ws}`);
  });

  test("of a wrong path of stompbox names the right ones", async () => {
    const failure = await failureOf([`${cli().url("ws")}/socket`]);
    expect(failure.seen).toContain('No WebSocket at "/socket": expected one of /, /ws');
    expect(failure.remedy).toBe("correct the path, as the answer says");
  });
});

describe("a proxy in between", () => {
  test("that drops the Upgrade header is told from a wrong path", async () => {
    const dropped = (text: string): string => text.replace(/^(?:upgrade|connection):.*\r\n/gim, "");
    await withPatient(startProxy(cli().broker.ws, dropped), async (url) => {
      for (const path of ["", "/ws"]) {
        const failure = await failureOf([url + path]);
        expect(failure.check).toBe("upgrade");
        expect(failure.remedy).toStartWith(
          "stompbox was not asked for an upgrade, though we did ask",
        );
        expect(failure.remedy).toContain("proxy_set_header Upgrade");
      }
    });
  });

  test("that changes nothing is not noticed", async () => {
    await withPatient(
      startProxy(cli().broker.ws, (text) => text),
      async (url) => {
        expect((await examine([...SHORT, url])).code).toBe(0);
      },
    );
  });
});

describe("an upgrade that browsers would refuse", () => {
  const head = "HTTP/1.1 101 Switching Protocols\r\n";
  const upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const table = [
    [`${head}\r\n`, ["no Upgrade: websocket", "no Connection: Upgrade", "no Sec-WebSocket-Accept"]],
    [`${head}${upgrade}Sec-WebSocket-Accept: no\r\n\r\n`, ["a wrong Sec-WebSocket-Accept"]],
    [`${head}${upgrade}Sec-WebSocket-Protocol: mqtt\r\n\r\n`, ['the sub-protocol "mqtt"']],
  ] as const;
  test.each(table)("%#: is told", async (text, seen) => {
    await withPatient(startAnswering(text), async (url) => {
      const failure = await failureOf([url]);
      expect(failure.check).toBe("upgrade");
      for (const each of seen) expect(failure.seen).toContain(each);
    });
  });

  test("since no sub-protocol is chosen is a warning: other clients do not mind", async () => {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, self) => {
        request.headers.delete("sec-websocket-protocol");
        return self.upgrade(request) ? undefined : new Response("no");
      },
      websocket: { message: () => undefined },
    });
    const withoutOffer = (text: string): string =>
      text.replace(/^sec-websocket-protocol:.*\r\n/gim, "");
    try {
      await withPatient(startProxy(server.port ?? 0, withoutOffer), async (url) => {
        const manual = manualRuntime(1);
        const running = cli().start(["doctor", "--json", url], {
          runtime: { ...systemRuntime, every: manual.every },
        });
        await running.shows('"check":"upgrade"');
        const upgraded = running.written.out.split("\n").find((line) => line.includes('"upgrade"'));
        expect(findingSchema.parse(JSON.parse(upgraded ?? ""))).toMatchObject({
          verdict: "warn",
          facts: { status: 101, subProtocol: "" },
        });
        running.signal();
        await running.done;
      });
    } finally {
      await server.stop(true);
    }
  });
});

describe.skipIf(NO_TLS_FRONT !== undefined)("TLS", () => {
  const files = (certificate: string) => ({ "ca.pem": certificate });

  test("that is trusted is gone through to the end", async () => {
    const made = makeCertificate("localhost");
    const front = startTlsFront(cli().broker.ws, made);
    try {
      const { code, verdicts, found } = await examine(
        [...SHORT, `wss://localhost:${front.port}`, "--ca", "ca.pem"],
        { files: files(made.certificate) },
      );
      expect({ code, verdicts }).toEqual({
        code: 0,
        verdicts: [
          // It is valid for two days.
          ...["address ok", "connect ok", "tls ok", "certificate warn", "upgrade ok", "stomp ok"],
          ...["heart-beat ok", "round-trip ok"],
        ],
      });
      const certificate = found.find(({ check }) => check === "certificate");
      expect(certificate?.facts).toMatchObject({
        ...{ subject: "localhost", issuer: "localhost", trusted: true, matches: true },
      });
      expect(certificate?.remedy).toContain("renewed");
    } finally {
      front.stop();
    }
  });

  test("over TCP is gone through too", async () => {
    const made = makeCertificate("localhost");
    const front = startTlsFront(cli().broker.tcp, made);
    try {
      const { code, verdicts } = await examine(
        [...SHORT, `ssl://localhost:${front.port}`, "--ca", "ca.pem"],
        { files: files(made.certificate) },
      );
      expect({ code, last: verdicts.at(-1) }).toEqual({ code: 0, last: "round-trip ok" });
    } finally {
      front.stop();
    }
  });

  test("with a certificate that signed itself fails, unless anything is trusted", async () => {
    const front = startTlsFront(cli().broker.ws, makeCertificate("localhost"));
    const url = `wss://localhost:${front.port}`;
    try {
      const failure = await failureOf([url]);
      expect(failure.check).toBe("certificate");
      expect(failure.seen).toContain("it signed itself");
      expect(failure.remedy).toContain("--ca FILE");
      const { code, verdicts } = await examine([...SHORT, url, "--insecure"]);
      expect(code).toBe(0);
      expect(verdicts).toContain("certificate warn");
      expect(verdicts).toContain("round-trip ok");
    } finally {
      front.stop();
    }
  });

  test("with a certificate for another name says for which", async () => {
    const made = makeCertificate("shop.example");
    const front = startTlsFront(cli().broker.ws, made);
    try {
      const failure = await failureOf([`wss://localhost:${front.port}`, "--ca", "ca.pem"], {
        files: files(made.certificate),
      });
      expect(failure.check).toBe("certificate");
      expect(failure.seen).toContain('it is for DNS:shop.example, not for "localhost"');
    } finally {
      front.stop();
    }
  });

  test("with a certificate that has expired says since when", async () => {
    const made = makeCertificate("localhost");
    const front = startTlsFront(cli().broker.ws, made);
    const now = (): number => systemRuntime.now() + 10 * 86_400_000;
    try {
      const failure = await failureOf([`wss://localhost:${front.port}`, "--ca", "ca.pem"], {
        files: files(made.certificate),
        runtime: { ...systemRuntime, now },
      });
      expect(failure.check).toBe("certificate");
      expect(failure.seen).toMatch(/it expired [78] days ago/);
    } finally {
      front.stop();
    }
  });

  test("on a port without it says which scheme to use", async () => {
    const failure = await failureOf([`wss://localhost:${cli().broker.ws}`]);
    expect(failure).toMatchObject({ check: "tls", seen: "what answers there does not speak TLS" });
    expect(failure.remedy).toContain(`use ws://localhost:${cli().broker.ws}`);
  });

  test("where none is spoken to says so", async () => {
    const front = startTlsFront(cli().broker.ws, makeCertificate("localhost"));
    try {
      const failure = await failureOf([`ws://localhost:${front.port}`]);
      expect(failure.check).toBe("upgrade");
      expect(failure.remedy).toContain("wss://");
    } finally {
      front.stop();
    }
  });
});

describe("STOMP that is ailing", () => {
  /** A broker that logs everybody in, answers receipts, sends messages back; `odd` goes first. */
  function brokerWith(
    connected: string,
    odd: (command: string, peer: ScriptedPeer) => boolean = () => false,
  ) {
    let subscription = "";
    return startScriptedBroker(({ command, headers, body }, peer) => {
      const header = (name: string): string => {
        const at = headers.indexOf(name);
        return at < 0 ? "" : (headers[at + 1] ?? "");
      };
      if (odd(command, peer)) return;
      if (command === "CONNECT") peer.write(`CONNECTED\n${connected}\n^@`);
      if (command === "SUBSCRIBE") subscription = header("id");
      if (command === "SEND") {
        const trip = `round-trip:${header("round-trip")}\ncontent-length:${body.length}`;
        peer.write(
          `MESSAGE\nsubscription:${subscription}\nmessage-id:1\ndestination:${header("destination")}\n${trip}\n\n${String(body)}^@`,
        );
      }
      const receipt = header("receipt");
      if (receipt !== "") peer.write(`RECEIPT\nreceipt-id:${receipt}\n\n^@`);
    });
  }
  const WELL = "version:1.2\nserver:Other/1\nheart-beat:0,0\n";

  test("a broker that refuses the login is quoted", async () => {
    const broker = brokerWith(WELL, (command, peer) => {
      if (command !== "CONNECT") return false;
      peer.write("ERROR\nmessage:Bad credentials\ncode:unauthorized\n\n^@");
      peer.end();
      return true;
    });
    try {
      const failure = await failureOf([broker.url]);
      expect(failure).toMatchObject({ check: "stomp" });
      expect(failure.seen).toContain("the broker refused: Bad credentials (code unauthorized)");
      expect(failure.remedy).toContain("--login");
    } finally {
      broker.stop();
    }
  });

  test("no heart-beats, and an old version, are warnings", async () => {
    const [silent, old] = [brokerWith(WELL), brokerWith("version:1.0\n")];
    try {
      const none = await examine([...SHORT, silent.url]);
      expect(none.code).toBe(0);
      expect(none.verdicts).toEqual([
        ...["address ok", "connect ok", "stomp ok", "heart-beat warn", "round-trip ok"],
      ]);
      const early = await examine([...SHORT, old.url]);
      expect(early.code).toBe(0);
      expect(early.verdicts).toContain("stomp warn");
    } finally {
      silent.stop();
      old.stop();
    }
  });

  test("a heart-beat that is promised and never comes is a failure", async () => {
    const broker = brokerWith("version:1.2\nheart-beat:100,100\n");
    try {
      const { code, found } = await examine([...SHORT, broker.url]);
      expect(code).toBe(1);
      const beat = found.find(({ check }) => check === "heart-beat");
      expect(beat).toMatchObject({
        verdict: "fail",
        facts: { asked: "100,100", granted: "100,100" },
      });
      expect(beat?.seen).toContain("but none came within");
    } finally {
      broker.stop();
    }
  });

  test("a heart-beat that is too far away is not waited for", async () => {
    const broker = brokerWith("version:1.2\nheart-beat:60000,60000\n");
    try {
      const { code, found } = await examine([...SHORT, broker.url]);
      expect(code).toBe(0);
      expect(found.find(({ check }) => check === "heart-beat")?.seen).toContain(
        "too long to wait for",
      );
    } finally {
      broker.stop();
    }
  });

  test("a topic that may not be used is a warning", async () => {
    const broker = brokerWith(WELL, (command, peer) => {
      if (command !== "SUBSCRIBE") return false;
      peer.write("ERROR\nmessage:Not permitted\n\n^@");
      peer.end();
      return true;
    });
    try {
      const { code, found } = await examine([...SHORT, broker.url]);
      expect(code).toBe(0);
      expect(found.at(-1)).toMatchObject({ check: "round-trip", verdict: "warn" });
      expect(found.at(-1)?.seen).toContain("the broker refused: Not permitted");
    } finally {
      broker.stop();
    }
  });

  test("one like stomp-broker-js, without RECEIPT for SUBSCRIBE, is examined from two sides", async () => {
    // It gives messages to others than the one who sent them.
    let logins = 0;
    let subscriber: ScriptedPeer | undefined;
    const broker = startScriptedBroker(({ command, headers, body }, peer) => {
      const header = (name: string): string => headers[headers.indexOf(name) + 1] ?? "";
      if (command === "CONNECT") {
        logins++;
        peer.write("CONNECTED\nversion:1.1\nserver:STOMP-JS/1.3.0\n\n^@");
      }
      if (command === "SUBSCRIBE") subscriber = peer;
      if (command === "SEND" && logins > 1) {
        const head = `destination:${header("destination")}\nround-trip:${header("round-trip")}`;
        subscriber?.write(`MESSAGE\n${head}\nmessage-id:1\n\n${String(body)}^@`);
      }
      if (command === "DISCONNECT") peer.write(`RECEIPT\nreceipt-id:${header("receipt")}\n\n^@`);
    });
    try {
      const { code, found } = await examine([...SHORT, broker.url]);
      expect(code).toBe(0);
      expect(found.at(-1)).toMatchObject({ check: "round-trip", verdict: "ok" });
      expect(found.at(-1)?.seen).toEndWith("; the broker sends no RECEIPT for SUBSCRIBE");
    } finally {
      broker.stop();
    }
  });

  test("messages that do not come back are a failure", async () => {
    const broker = brokerWith(WELL, (command, peer) => {
      if (command !== "SEND") return false;
      peer.end();
      return true;
    });
    try {
      const failure = await failureOf([broker.url]);
      expect(failure.check).toBe("round-trip");
      expect(failure.seen).toContain("a message did not come back: the connection was closed");
    } finally {
      broker.stop();
    }
  });

  test.each(["ws", "tcp"] as const)(
    "over %s a limit of frames is found, and quoted",
    async (carrier) => {
      const limited = await startBrokerCli({ limits: { frameBytesMax: 64 * 1024 } });
      try {
        const url = limited.url(carrier);
        const { code, found } = await examine(["--heart-beat", "100ms", url]);
        expect(code).toBe(0);
        const size = found.at(-1);
        expect(size).toMatchObject({
          ...{ check: "frame-size", verdict: "warn" },
          facts: { passedBytes: 32 * 1024, failedBytes: 64 * 1024 },
        });
        expect(size?.seen).toContain("(code frame-too-large)");
      } finally {
        await limited.stop();
      }
    },
  );

  test("a limit of what is in between is found too", async () => {
    const broker = brokerWith(WELL);
    const port = Number(new URL(broker.url).port);
    let seen = 0;
    const limited = await startProxy(port, (text) => {
      seen += text.length;
      if (seen > 100_000) limited.stop();
      return text;
    });
    try {
      const { found } = await examine([`tcp://127.0.0.1:${limited.port}`]);
      expect(found.at(-1)).toMatchObject({ check: "frame-size", verdict: "warn" });
      expect(found.at(-1)?.seen).toMatch(
        /^bodies of (?:16|32) KiB pass, (?:32|64) KiB do not: the connection/,
      );
    } finally {
      limited.stop();
      broker.stop();
    }
  });
});

test("Ctrl-C ends it at once", async () => {
  await withPatient(startAnswering(), async (url, patient) => {
    const running = cli().start(["doctor", url]);
    await until("it was asked something", () => patient.received() !== "");
    running.signal();
    expect(await running.done).toBe(1);
    expect(running.listening()).toBe(0);
  });
});

test("on a terminal lines fit, and verdicts are coloured", async () => {
  const { out } = await cli().run(["doctor", "--no-large", "ws://127.0.0.1:1"], {
    ...{ isTerminal: true, color: true, size: { columns: 60, rows: 24 } },
  });
  expect(out).toContain("\x1b[31mfail\x1b[0m  connect");
  expect(out).toContain("\n                   → start the broker");
  const lines = out.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
  expect(lines.filter((line) => line.length > 60)).toEqual([]);
  expect(lines.at(-2)).toBe("1 check failed");
});

describe("used wrongly", () => {
  const table = [
    [["somewhere"], 'Cannot connect to "somewhere": expected ws://'],
    [["ws://localhost:1", "--url", "ws://localhost:2"], "Cannot examine two brokers"],
    [
      ["tcp://localhost:1", "--origin", "http://a.example"],
      "Cannot use --origin with tcp://localhost:1",
    ],
    [["--origin", "shop.example"], 'Cannot use "shop.example" as an origin: expected scheme'],
    [["--origin", "https://shop.example/"], "as an origin"],
    [["--heart-beat", "often"], 'Cannot use "often" as --heart-beat'],
    [
      ["ws://localhost:1", "--ca", "none.pem"],
      'Cannot read "none.pem" as --ca: there is no such file',
    ],
    [
      ["ssl://localhost:1", "--ca", "key.pem"],
      'Cannot read "key.pem" as --ca: expected a certificate in PEM',
    ],
    [
      ["ssl://localhost:1", "--ca", "damaged.pem"],
      'Cannot read "damaged.pem" as --ca: certificate 1 of 1 in it is damaged',
    ],
  ] as const;
  const files = {
    "key.pem": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "damaged.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  };
  test.each(table)("doctor %p exits with 2 and says so", async (argv, sentence) => {
    const { code, out, err } = await cli().run(["doctor", ...argv], { carrier: "ws", files });
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(sentence);
  });
});
