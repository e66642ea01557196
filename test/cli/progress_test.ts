import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { runCli } from "../../src/cli/run_cli.ts";
import { startScriptedBroker } from "../client/scripted_broker.ts";
import { manualRuntime } from "../support/manual_runtime.ts";
import { until } from "../support/until.ts";
import { startAnswering } from "./doctor_patients.ts";
import { fakeTerminal } from "./fake_terminal.ts";

// Side by side with others on a machine of few cores.
setDefaultTimeout(20_000);

/** Runs a command to its end, however much time has to pass, and gives what it told. */
async function run(argv: readonly string[], isTerminal: boolean, columns = 80): Promise<string> {
  const runtime = manualRuntime(1);
  const terminal = fakeTerminal({ runtime, isTerminal, size: { columns, rows: 24 } });
  let ended = false;
  const done = runCli(argv, terminal).then(() => {
    ended = true;
  });
  await until("it has ended", () => {
    runtime.advance(50);
    return ended;
  });
  await done;
  return terminal.written.err;
}

describe("what takes longer than a second is shown on a terminal, and taken away again:", () => {
  const table = [
    ["pub /queue/a x --url tcp://127.0.0.1:PORT", "Connecting to tcp://127.0.0.1:PORT"],
    ["sub /queue/a --url ws://127.0.0.1:PORT", "Connecting to ws://127.0.0.1:PORT"],
    ["queue ls --url ws://127.0.0.1:PORT", "Waiting for ws://127.0.0.1:PORT"],
    ["doctor tcp://127.0.0.1:PORT", "Examining"],
  ] as const;
  test.each(table)("%s", async (line, shown) => {
    const mute = await startAnswering();
    try {
      const argv = line.replace("PORT", String(mute.port)).split(" ");
      const what = shown.replace("PORT", String(mute.port));
      const told = await run(argv, true);
      expect(told).toContain(`\r\x1b[K${what}, 1 s`);
      expect(told).toContain(`\r\x1b[K${what}, 2 s`);
      expect(told).not.toContain(`${what}, 0 s`);
      // What is told at last begins a line of its own.
      const end = told.slice(told.lastIndexOf("\r\x1b[K"));
      expect(end).toMatch(/^\r\x1b\[K(?:stompbox: .*\n)?$/);
      expect(await run(argv, false)).not.toContain(what);
    } finally {
      mute.stop();
    }
  });

  test("in one row, however narrow the terminal", async () => {
    const mute = await startAnswering();
    try {
      const told = await run(
        ["pub", "/queue/a", "x", "-u", `tcp://127.0.0.1:${mute.port}`],
        true,
        20,
      );
      expect(told).toContain("\r\x1b[KConnecting to tcp:…\r");
    } finally {
      mute.stop();
    }
  });

  test("a reply that does not come", async () => {
    const broker = startScriptedBroker(({ command, headers }, peer) => {
      const receipt = headers[headers.indexOf("receipt") + 1] ?? "";
      if (command === "CONNECT") peer.write("CONNECTED\nversion:1.2\n\n^@");
      else if (command !== "SEND") peer.write(`RECEIPT\nreceipt-id:${receipt}\n\n^@`);
    });
    try {
      const told = await run(["request", "/queue/a", "x", "--url", broker.url], true);
      expect(told).toContain("\r\x1b[KWaiting for the reply, 1 s");
      expect(told).toEndWith(
        "\r\x1b[Kstompbox: No reply within 5 s: does anybody answer at /queue/a?\n",
      );
    } finally {
      broker.stop();
    }
  });
});
