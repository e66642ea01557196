import { describe, expect, test } from "bun:test";
import { Turn, type TurnWorker } from "../../src/session/turn.ts";

/** A turn whose event loop goes round when `next` is called; returns whether anything was due. */
function createTurn(): { turn: Turn; clock: { ms: number }; next(): boolean } {
  let deferred: (() => void)[] = [];
  const clock = { ms: 0 };
  const turn = new Turn({ defer: (task) => deferred.push(task), now: () => clock.ms });
  return {
    turn,
    clock,
    next: () => {
      const tasks = deferred;
      deferred = [];
      for (const task of tasks) task();
      return tasks.length > 0;
    },
  };
}

/** A worker with so many frames to read, each of which costs so much. */
function flood(turn: Turn, frames: number, cost = 1): TurnWorker & { readonly left: number } {
  let left = frames;
  return {
    floodsUntil: 0,
    get left() {
      return left;
    },
    work: (allowance) => {
      const limit = turn.spent + allowance;
      while (left > 0) {
        if (turn.spent >= limit) return true;
        left--;
        turn.charge(cost);
      }
      return false;
    },
  };
}

/** A worker that uses a turn up and always has more. */
function endless(turn: Turn): TurnWorker {
  return { floodsUntil: 0, work: () => turn.charge(1_000_000) === undefined };
}

describe("A turn", () => {
  test("serves those with little to do in the same turn as a flood", () => {
    const { turn, next } = createTurn();
    const big = flood(turn, 1_000_000);
    const small = Array.from({ length: 20 }, () => flood(turn, 5));
    turn.park(big);
    for (const each of small) turn.park(each);
    next();
    expect(small.map(({ left }) => left)).toEqual(small.map(() => 0));
    expect(big.left).toBeGreaterThan(900_000);
  });

  test("is not made for what is only counted, until that was as much as fits in one", () => {
    const { turn, next } = createTurn();
    const worker = flood(turn, 1);
    turn.count(1);
    expect(next()).toBe(false);
    while (turn.allowance > 0) turn.count(100);
    turn.park(worker);
    expect(next()).toBe(true);
    expect(worker.left).toBe(0);
    expect(turn.allowance).toBeGreaterThan(0);
  });

  test("gives two floods equal shares", () => {
    const { turn, next } = createTurn();
    const [one, other] = [flood(turn, 1_000_000), flood(turn, 1_000_000)];
    turn.park(one);
    turn.park(other);
    for (let rounds = 0; rounds < 20; rounds++) next();
    expect(one.left).toBeLessThan(900_000);
    expect(Math.abs(one.left - other.left)).toBeLessThanOrEqual(5_000);
  });

  test("begins with those who had no go in the last one, however little one frame leaves", () => {
    const { turn, next } = createTurn();
    const wide = [flood(turn, 1_000, 20_000), flood(turn, 1_000, 20_000)] as const;
    const small = flood(turn, 1);
    for (const each of [...wide, small]) turn.park(each);
    for (let turns = 0; turns < 3; turns++) next();
    expect([...wide, small].map(({ left }) => left)).toEqual([998, 999, 0]);
  });

  test("begins with those who had no go in the last one, however long another took", () => {
    const { turn, next, clock } = createTurn();
    const served: string[] = [];
    const slow = (name: string): TurnWorker => ({
      floodsUntil: 0,
      work: () => {
        served.push(name);
        clock.ms += 50;
        return true;
      },
    });
    for (const name of ["a", "b", "c"]) turn.park(slow(name));
    for (let turns = 0; turns < 6; turns++) next();
    expect(served.join("")).toBe("abcabc");
  });

  test("counts deliveries, not frames: one that fans out widely is interrupted sooner", () => {
    const { turn, next } = createTurn();
    const [wide, narrow] = [flood(turn, 100_000, 100), flood(turn, 100_000, 1)];
    turn.park(wide);
    turn.park(narrow);
    next();
    expect(100_000 - wide.left).toBeLessThan((100_000 - narrow.left) / 10);
  });

  test("ends: it works off a bounded amount, then the rest in the turns that follow", () => {
    const { turn, next } = createTurn();
    const big = flood(turn, 100_000);
    turn.park(big);
    let turns = 0;
    let before = big.left;
    while (next()) {
      turns++;
      expect(before - big.left).toBeLessThan(20_000);
      before = big.left;
    }
    expect(big.left).toBe(0);
    expect(turns).toBeGreaterThan(4);
    expect(turns).toBeLessThan(10);
  });

  test("allows nothing to input that arrives once it is used up, and again in the next", () => {
    const { turn, next } = createTurn();
    expect(turn.allowance).toBeGreaterThan(0);
    turn.charge(1_000_000);
    expect(turn.allowance).toBeLessThanOrEqual(0);
    next();
    expect(turn.allowance).toBeGreaterThan(0);
  });

  test("works, then flushes, then runs what was put off, each in order", () => {
    const { turn, next } = createTurn();
    const order: string[] = [];
    turn.after(() => order.push("after 1"));
    turn.flushLater({ flush: () => order.push("flush 1") });
    turn.park({
      floodsUntil: 0,
      work: () => {
        order.push("work");
        turn.flushLater({ flush: () => order.push("flush 2") });
        turn.after(() => order.push("after 2"));
        return false;
      },
    });
    while (next());
    expect(order).toEqual(["work", "flush 1", "flush 2", "after 1", "after 2"]);
  });

  test("flushes what is patient at its end if there is no more to do", () => {
    const { turn, next } = createTurn();
    const order: string[] = [];
    turn.flushPatiently({ flush: () => order.push("patient") });
    turn.flushLater({ flush: () => order.push("at the end") });
    next();
    expect(order).toEqual(["at the end", "patient"]);
  });

  test("lets what is patient wait while there is more input, for 30 ms at most", () => {
    const { turn, next, clock } = createTurn();
    const order: string[] = [];
    turn.park(endless(turn));
    turn.flushPatiently({ flush: () => order.push("patient") });
    turn.flushLater({ flush: () => order.push("at the end") });
    next();
    expect(order).toEqual(["at the end"]);
    clock.ms += 29;
    next();
    expect(order).toEqual(["at the end"]);
    clock.ms += 1;
    next();
    expect(order).toEqual(["at the end", "patient"]);
  });

  test("sends to the many who listen to a flood in parts: others have their go in between", () => {
    const { turn, next, clock } = createTurn();
    const order: string[] = [];
    const takesLong = (name: string) => ({
      flush: () => {
        order.push(name);
        clock.ms += 2;
      },
    });
    turn.park(endless(turn));
    for (const name of ["a", "b", "c", "d"]) turn.flushPatiently(takesLong(name));
    clock.ms += 30;
    next();
    expect(order.join("")).toBe("abc");
    // Whoever comes now waits from now on.
    turn.flushPatiently(takesLong("a"));
    turn.park(flood(turn, 0));
    turn.after(() => order.push("others"));
    next();
    expect(order).toEqual(["a", "b", "c", "d", "others"]);
    clock.ms += 30;
    next();
    expect(order).toEqual(["a", "b", "c", "d", "others", "a"]);
  });

  test("goes on until all who waited have been sent to, whoever else has something to do", () => {
    const { turn, next, clock } = createTurn();
    let flushed = 0;
    for (let each = 0; each < 10; each++) {
      turn.flushPatiently({
        flush: () => {
          flushed++;
          clock.ms += 6;
        },
      });
    }
    for (let turns = 1; turns <= 10; turns++) {
      expect(next()).toBe(true);
      expect(flushed).toBe(turns);
    }
    expect(next()).toBe(false);
  });

  test("takes those for floods who need more than a slice or a turn, and for a while", () => {
    const { turn, next, clock } = createTurn();
    const served: Record<string, boolean[]> = { flood: [], slow: [], small: [] };
    const worker = (name: string, work: () => boolean): TurnWorker => ({
      floodsUntil: 0,
      work: () => {
        served[name]?.push(turn.servesFlood);
        return work();
      },
    });
    const big = worker("flood", () => {
      turn.charge(5_000);
      return served.flood?.length === 1;
    });
    const slow = worker("slow", () => {
      clock.ms += 5;
      return served.slow?.length === 1;
    });
    const small = worker("small", () => turn.charge(1) !== undefined);
    const all = [small, big, slow];
    for (const each of all) turn.park(each);
    while (next());
    expect(served).toEqual({ flood: [false, true], slow: [false, true], small: [false] });
    expect(turn.servesFlood).toBe(false);
    clock.ms += 100;
    for (const each of all) turn.park(each);
    while (next());
    expect(Object.values(served).map((each) => each.at(-1))).toEqual([false, false, false]);
  });

  test("lets nothing wait for a clock that was set back", () => {
    const { turn, next, clock } = createTurn();
    const order: string[] = [];
    turn.park(endless(turn));
    turn.flushPatiently({ flush: () => order.push("patient") });
    clock.ms -= 3_600_000;
    next();
    expect(order).toEqual(["patient"]);
  });

  test("puts what its last tasks ask for into the next turn", () => {
    const { turn, next } = createTurn();
    const order: string[] = [];
    turn.after(() => {
      turn.after(() => order.push("later"));
      order.push("now");
    });
    next();
    expect(order).toEqual(["now"]);
    next();
    expect(order).toEqual(["now", "later"]);
  });
});
