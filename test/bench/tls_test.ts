import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { runCli } from "../../src/cli/run_cli.ts";
import {
  makeCertificate,
  NO_TLS_FRONT,
  startTlsFront,
  type TlsFront,
} from "../client/tls_front.ts";
import { type RealBroker, startRealBroker } from "../transport/real_broker.ts";
import { benchTerminal } from "./bench_cli.ts";

const place: { broker?: RealBroker; readonly fronts: Map<string, TlsFront> } = {
  fronts: new Map(),
};
beforeAll(async () => {
  if (NO_TLS_FRONT !== undefined) return;
  const broker = await startRealBroker();
  const certificate = makeCertificate("localhost");
  place.broker = broker;
  place.fronts.set("wss", startTlsFront(broker.ws, certificate));
  place.fronts.set("ssl", startTlsFront(broker.tcp, certificate));
});
afterAll(async () => {
  for (const front of place.fronts.values()) front.stop();
  await place.broker?.stop();
});

describe.skipIf(NO_TLS_FRONT !== undefined).each(["wss", "ssl"])("over %s", (scheme) => {
  async function run(...words: string[]) {
    const front = place.fronts.get(scheme);
    const terminal = benchTerminal({ files: { "ca.pem": front?.certificate ?? "" } });
    const url = `${scheme}://localhost:${front?.port ?? 0}`;
    const argv = ["bench", "fan-out", "-n", "500", "--subscribers", "3", "--url", url, ...words];
    return { code: await runCli(argv, terminal), err: terminal.written.err };
  }

  test("a certificate that is trusted will do", async () => {
    expect(await run("--ca", "ca.pem")).toEqual({ code: 0, err: "" });
  });

  test("any will with --insecure", async () => {
    expect(await run("--insecure")).toEqual({ code: 0, err: "" });
  });

  test("another one is refused", async () => {
    const { code, err } = await run();
    expect(code).toBe(1);
    expect(err).toContain("nobody who is trusted signed its certificate");
  });
});
