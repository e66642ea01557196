/** `stompbox top` as a process of its own, on a real terminal. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type RealBroker, startRealBroker } from "../transport/real_broker.ts";
import { until } from "../support/until.ts";

const SRC = join(import.meta.dir, "..", "..", "src");
const TAKEN = "\x1b[?1049h";
const GIVEN_BACK = "\x1b[?25h\x1b[?1049l";
const TIMEOUT_MS = 20_000;
const WAIT_MS = 15_000;

const world: { broker?: RealBroker } = {};
beforeAll(async () => {
  world.broker = await startRealBroker();
});
afterAll(async () => {
  await world.broker?.stop();
});

/** Starts a program on a terminal of its own. */
function onTerminal(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const shown = { text: "" };
  const decoder = new TextDecoder();
  const terminal = new Bun.Terminal({
    cols: 90,
    rows: 16,
    data: (_terminal, data) => {
      shown.text += decoder.decode(data, { stream: true });
    },
  });
  const modes = terminal.localFlags;
  const child = Bun.spawn([process.execPath, ...argv], {
    terminal,
    env: { PATH: process.env.PATH ?? "", TERM: "xterm", ...env },
  });
  return {
    shown,
    child,
    type: (text: string) => terminal.write(text),
    resize: (columns: number, rows: number): void => {
      terminal.resize(columns, rows);
      // It is nobody's controlling terminal, so the system does not tell.
      child.kill("SIGWINCH");
    },
    shows: (text: string) =>
      until(`shows ${JSON.stringify(text)}`, () => shown.text.includes(text), WAIT_MS),
    /** Its exit code, and whether the terminal's modes are as before. */
    ended: async () => {
      const code = await child.exited;
      const restored = terminal.localFlags === modes;
      terminal.close();
      return { code, restored };
    },
    isRaw: () => terminal.localFlags !== modes,
  };
}

function top(env: Readonly<Record<string, string>> = {}) {
  const url = `ws://localhost:${world.broker?.ws}`;
  return onTerminal([join(SRC, "main.ts"), "top", "--url", url], env);
}

describe.skipIf(process.platform === "win32")("on a real terminal", () => {
  const endings = [
    ["q", (type: (text: string) => void) => type("q")],
    ["Ctrl-C", (type: (text: string) => void) => type("\x03")],
  ] as const;
  test.concurrent.each(endings)(
    "top follows the window and gives it back after %s",
    async (_name, end) => {
      const running = top();
      await running.shows("[1 queues]");
      expect(running.shown.text).toStartWith(TAKEN);
      expect(running.isRaw()).toBe(true);
      running.resize(40, 8);
      await running.shows("stompbox test at ws://localhost:");
      const before = running.shown.text.length;
      running.type("2");
      await until(
        "a narrow picture",
        () => {
          const last = running.shown.text.slice(before);
          const picture = last
            .slice(last.lastIndexOf("\x1b[H"))
            .replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
          const lines = picture.split("\n").map((line) => line.trimEnd());
          return (
            last.includes("\x1b[?2026l") &&
            lines.length <= 8 &&
            lines.every((line) => Bun.stringWidth(line) <= 40)
          );
        },
        WAIT_MS,
      );
      end(running.type);
      await running.shows(GIVEN_BACK);
      expect(await running.ended()).toEqual({ code: 0, restored: true });
      expect(running.shown.text).toEndWith(GIVEN_BACK);
    },
    TIMEOUT_MS,
  );

  test.concurrent(
    "top is plain where colour is not welcome",
    async () => {
      const running = top({ NO_COLOR: "1" });
      await running.shows("[1 queues]");
      expect(running.shown.text).not.toMatch(/\x1b\[[0-9;]*m/);
      running.type("q");
      expect((await running.ended()).code).toBe(0);
    },
    TIMEOUT_MS,
  );

  test.concurrent(
    "a crash gives the terminal back before it is told of",
    async () => {
      const code = `
        import { systemTerminal } from ${JSON.stringify(join(SRC, "cli", "terminal.ts"))};
        import { takeScreen } from ${JSON.stringify(join(SRC, "cli", "full_screen.ts"))};
        takeScreen(systemTerminal);
        setImmediate(() => { throw new Error("on purpose"); });
      `;
      const running = onTerminal(["-e", code], { NO_COLOR: "1" });
      await running.shows("on purpose");
      expect(await running.ended()).toEqual({ code: 1, restored: true });
      const { text } = running.shown;
      expect(text).toStartWith(TAKEN);
      expect(text.indexOf(GIVEN_BACK)).toBeGreaterThan(0);
      expect(text.indexOf(GIVEN_BACK)).toBeLessThan(text.indexOf("error: on purpose"));
      expect(text.split(GIVEN_BACK)).toHaveLength(2);
    },
    TIMEOUT_MS,
  );
});
