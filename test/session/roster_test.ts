import { expect, test } from "bun:test";
import { Roster } from "../../src/session/roster.ts";
import { seededRandom } from "../support/seeded_random.ts";

interface Member {
  readonly number: number;
}

function rosterOf(count: number): { roster: Roster<Member>; members: readonly Member[] } {
  const roster = new Roster<Member>();
  const members = Array.from({ length: count }, (_, i) => ({ number: i + 1 }));
  for (const member of members) roster.add(member);
  return { roster, members };
}

test("A roster has its members in the order in which they came, whoever leaves", () => {
  const random = seededRandom(7);
  const roster = new Roster<Member>();
  const model = new Map<number, Member>();
  for (let number = 1; number <= 5_000; number++) {
    const member = { number };
    roster.add(member);
    model.set(number, member);
    // More come than go, then more go than come.
    const leaving = number < 2_000 ? 0.5 : 1.2;
    for (let chance = random() * 2; chance < leaving; chance += 1) {
      const gone = [...model.values()][Math.floor(random() * model.size)];
      if (gone === undefined) break;
      model.delete(gone.number);
      expect(roster.delete(gone)).toBe(true);
      expect(roster.delete(gone)).toBe(false);
    }
    expect(roster.size).toBe(model.size);
    if (number % 100 === 0) {
      expect([...roster]).toEqual([...model.values()]);
      for (let each = 0; each <= number + 1; each++) {
        expect(roster.find(each)).toBe(model.get(each) as Member);
      }
    }
  }
});

test("One who never came is not taken off", () => {
  const { roster } = rosterOf(3);
  expect(roster.delete({ number: 2 })).toBe(false);
  expect(roster.delete({ number: 9 })).toBe(false);
  expect(roster.size).toBe(3);
});

test("Who goes through it misses nobody who stays, and meets nobody who has left", () => {
  const { roster, members } = rosterOf(100);
  const met: number[] = [];
  for (const { number } of roster) {
    met.push(number);
    // From the tenth on the rest of the first half leaves, so that gaps are closed on the way.
    if (number === 10) for (const member of members.slice(0, 60)) roster.delete(member);
    if (number === 100) roster.add({ number: 101 });
  }
  expect(met).toEqual([
    ...Array.from({ length: 10 }, (_, i) => i + 1),
    ...Array.from({ length: 41 }, (_, i) => i + 61),
  ]);
});
