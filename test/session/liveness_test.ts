import { describe, expect, test } from "bun:test";
import { Liveness } from "../../src/session/liveness.ts";
import { sessionLimits } from "./session_limits.ts";

const START = 1_000_000;

/** What happens to a peer from a certain time on, in ms after the start. */
interface Life {
  readonly answersPings: boolean;
  readonly sendMs?: number;
  readonly receiveMs?: number;
  /** When something comes from the peer. */
  readonly heardAt?: readonly number[];
  /** Whether the peer answers each ping, at the next look. */
  readonly pongs?: boolean;
  /** While we do not read. */
  readonly pausedUntil?: number;
  /** When we send something of our own accord. */
  readonly sentAt?: readonly number[];
}

/** What is done in the first so many ms, looked at every 10 ms: `beat 1000`, `ping 2000`, … */
function live(life: Life, forMs: number): string[] {
  const liveness = new Liveness(sessionLimits({ pingIntervalMs: 25_000, pongTimeoutMs: 5_000 }), {
    answersPings: life.answersPings,
    now: START,
  });
  const { sendMs = 0, receiveMs = 0 } = life;
  liveness.agree({ sendMs, receiveMs, header: "" }, START);
  const done: string[] = [];
  let lastSentAt = START;
  let lookAt = 0;
  let isPonging = false;
  for (let at = 0; at <= forMs; at += 10) {
    const now = START + at;
    if (life.heardAt?.includes(at) === true || isPonging) liveness.received(now);
    isPonging = false;
    if (life.sentAt?.includes(at) === true) lastSentAt = now;
    if (now < lookAt) continue;
    const paused = at < (life.pausedUntil ?? 0);
    const { action, next } = liveness.check({ now, lastSentAt, paused });
    // Whoever is heard while we sleep is looked at too late only by the wheel's own step.
    lookAt = Math.min(next, now + 50);
    if (action === "none") continue;
    done.push(`${action} ${at}`);
    if (action === "dead") return done;
    if (action === "beat") lastSentAt = now;
    if (action === "ping") isPonging = life.pongs === true;
  }
  return done;
}

describe("A peer", () => {
  const table: readonly (readonly [what: string, life: Life, forMs: number, done: string[]])[] = [
    ["that promised nothing is never dead", { answersPings: false }, 100_000, []],
    [
      "that is silent for twice its interval is dead",
      { answersPings: false, receiveMs: 1_000 },
      9_000,
      ["dead 2000"],
    ],
    [
      "that was heard in time lives twice its interval longer",
      { answersPings: false, receiveMs: 1_000, heardAt: [1_900, 3_800] },
      9_000,
      ["dead 5800"],
    ],
    [
      "that answers pings is pinged first, and dead only when nothing comes",
      { answersPings: true, receiveMs: 1_000 },
      20_000,
      ["ping 2000", "dead 7000"],
    ],
    [
      "whose timers sleep but which answers pings lives on",
      { answersPings: true, receiveMs: 1_000, pongs: true },
      7_000,
      ["ping 2000", "ping 4010", "ping 6020"],
    ],
    [
      "that comes back after the ping starts anew",
      { answersPings: true, receiveMs: 1_000, heardAt: [6_000] },
      20_000,
      ["ping 2000", "ping 8000", "dead 13000"],
    ],
    [
      "that we do not read is not judged",
      { answersPings: false, receiveMs: 1_000, pausedUntil: 10_000 },
      20_000,
      ["dead 11950"],
    ],
    [
      "without heart-beats is pinged now and then, and never dead for it",
      { answersPings: true },
      80_000,
      ["ping 25000", "ping 50000", "ping 75000"],
    ],
    ["of a kind that has no pings is not pinged", { answersPings: false }, 80_000, []],
  ];
  for (const [what, life, forMs, done] of table) {
    test(what, () => {
      expect(live(life, forMs)).toEqual(done);
    });
  }
});

describe("Our own beats", () => {
  test("come a little before they are due", () => {
    expect(live({ answersPings: false, sendMs: 1_000 }, 3_000)).toEqual([
      "beat 940",
      "beat 1880",
      "beat 2820",
    ]);
  });

  test("are spared by whatever else is sent", () => {
    expect(live({ answersPings: false, sendMs: 1_000, sentAt: [500, 1_000] }, 2_500)).toEqual([
      "beat 1940",
    ]);
  });

  test("never hide that the peer is dead", () => {
    expect(live({ answersPings: false, sendMs: 100, receiveMs: 1_000 }, 9_000).at(-1)).toBe(
      "dead 2000",
    );
  });
});
