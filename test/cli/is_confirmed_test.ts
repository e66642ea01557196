import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { runCli } from "../../src/cli/run_cli.ts";
import { type ScriptedBroker, startScriptedBroker } from "../client/scripted_broker.ts";
import { type ManualRuntime, manualRuntime } from "../support/manual_runtime.ts";
import { until } from "../support/until.ts";
import { type FakeTerminal, fakeTerminal } from "./fake_terminal.ts";

// Side by side with others on a machine of few cores.
setDefaultTimeout(20_000);

/** A broker that answers every receipt but that of SUBSCRIBE, and sends what it gets back to `reply-to`. */
function startSilentBroker(server: string): ScriptedBroker {
  return startScriptedBroker(({ command, headers, body }, peer) => {
    const header = (name: string): string => {
      const at = headers.indexOf(name);
      return at < 0 ? "" : (headers[at + 1] ?? "");
    };
    if (command === "CONNECT") peer.write(`CONNECTED\nversion:1.2\n${server}\n^@`);
    if (command === "SEND") {
      const head = `destination:${header("reply-to")}\nmessage-id:1\nsubscription:s1`;
      peer.write(`MESSAGE\n${head}\n\n${String(body)}^@`);
    }
    if (command === "DISCONNECT") peer.write(`RECEIPT\nreceipt-id:${header("receipt")}\n\n^@`);
  });
}

interface Running extends FakeTerminal {
  readonly runtime: ManualRuntime;
  readonly broker: ScriptedBroker;
  readonly done: Promise<number>;
  /** Settles when that is so; time stands still. */
  readonly comesTo: (what: string, isSo: () => boolean) => Promise<void>;
  readonly stop: () => void;
}

/** Starts a command with a broker that does not answer SUBSCRIBE; settles once that was sent. */
async function start(
  argv: readonly string[],
  { server, isTerminal = false }: { readonly server: string; readonly isTerminal?: boolean },
): Promise<Running> {
  const runtime = manualRuntime(1);
  const broker = startSilentBroker(server);
  const terminal = fakeTerminal({ runtime, isTerminal, env: { STOMPBOX_URL: broker.url } });
  const done = runCli(argv, terminal);
  const comesTo = (what: string, isSo: () => boolean): Promise<void> =>
    until(what, () => {
      runtime.pump();
      return isSo();
    });
  await comesTo("SUBSCRIBE came", () => broker.frames.some((each) => each.command === "SUBSCRIBE"));
  return { ...terminal, runtime, broker, done, comesTo, stop: broker.stop };
}

/** Settles with the exit code, however much time has to pass. */
async function ended({ done, runtime }: Running): Promise<number> {
  let code: number | undefined;
  void done.then((value) => {
    code = value;
  });
  await until("it has ended", () => {
    runtime.advance(10);
    return code !== undefined;
  });
  return done;
}

describe.each([
  ["no name", "", 2_000],
  ["the name of one that never does", "server:STOMP-JS/1.3.0\n", 0],
])("a broker with %s that does not confirm subscriptions", (_, server, waitMs) => {
  test("holds nobody up who gave a time", async () => {
    const command = await start(["sub", "/topic/a", "-t", "1s"], { server });
    try {
      expect(await ended(command)).toBe(3);
      expect(command.written).toEqual({ out: "", err: "" });
    } finally {
      command.stop();
    }
  });

  test("is no reason to say that a subscription is there", async () => {
    const command = await start(["sub", "/topic/a"], { server, isTerminal: true });
    try {
      command.runtime.advance(waitMs);
      await command.comesTo("it says so", () => command.written.err.includes("Ctrl-C ends"));
      expect(command.written.err).toBe(
        "Asked for /topic/a, which the broker has not confirmed; Ctrl-C ends\n",
      );
      command.signal();
      expect(await ended(command)).toBe(0);
    } finally {
      command.stop();
    }
  });

  test("carries requests and replies", async () => {
    const command = await start(["request", "/topic/a", "two teas"], { server });
    try {
      expect(await ended(command)).toBe(0);
      expect(command.written).toEqual({ out: "two teas\n", err: "" });
    } finally {
      command.stop();
    }
  });
});
