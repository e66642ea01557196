import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/fault.ts";
import { grantHeartBeat, NO_HEART_BEAT } from "../../src/protocol/heart_beat.ts";
import { checkProperty } from "./check_property.ts";

const RANGE = { heartBeatMinMs: 100, heartBeatMaxMs: 60_000 };

describe("Heart-beats that are granted", () => {
  const table: readonly (readonly [
    asked: string | undefined,
    answer: string,
    sendMs: number,
    receiveMs: number,
  ])[] = [
    [undefined, "0,0", 0, 0],
    ["0,0", "0,0", 0, 0],
    ["1000,2000", "2000,1000", 2_000, 1_000],
    ["0,2000", "2000,0", 2_000, 0],
    ["1000,0", "0,1000", 0, 1_000],
    ["1,1", "100,100", 100, 100],
    ["100,60000", "60000,100", 60_000, 100],
    // Each direction takes the larger of the two wishes: a client may be slower than we ask.
    ["60001,60001", "60000,60000", 60_001, 60_001],
  ];
  for (const [asked, answer, sendMs, receiveMs] of table) {
    test(`${asked} is answered ${answer}`, () => {
      expect(grantHeartBeat(asked, RANGE)).toEqual({ header: answer, sendMs, receiveMs });
    });
  }

  test("none at all is what an absent header means", () => {
    expect(grantHeartBeat(undefined, RANGE)).toEqual(NO_HEART_BEAT);
  });

  for (const bad of [
    "",
    "1",
    "1,",
    ",1",
    "1,2,3",
    "-1,0",
    "1.5,0",
    " 1,1",
    "1, 1",
    "a,b",
    "0x1,1",
  ]) {
    test(`${JSON.stringify(bad)} is refused`, () => {
      expect(() => grantHeartBeat(bad, RANGE)).toThrow(Fault);
    });
  }

  test("an interval is granted within the range, and silence stays silence", () => {
    checkProperty(
      fc.property(fc.nat(), fc.nat(), (canSend, wants) => {
        const granted = grantHeartBeat(`${canSend},${wants}`, RANGE);
        const answered = granted.header.split(",").map(Number);
        for (const [at, wish] of [wants, canSend].entries()) {
          const answer = answered[at] ?? Number.NaN;
          if (wish === 0) expect(answer).toBe(0);
          else expect(answer).toBeGreaterThanOrEqual(RANGE.heartBeatMinMs);
          expect(answer).toBeLessThanOrEqual(RANGE.heartBeatMaxMs);
        }
        expect(granted.sendMs).toBeGreaterThanOrEqual(wants);
        expect(granted.receiveMs).toBeGreaterThanOrEqual(canSend);
      }),
    );
  });
});
