import { expect, test } from "bun:test";
import {
  createPolicies,
  type PolicyRule,
  type QueuePolicy,
  redeliveryDelay,
} from "../../src/broker/policy.ts";

const DEFAULTS: QueuePolicy = {
  messagesMax: 1_000,
  bytesMax: 1_000_000,
  overflow: "reject",
  maxDeliveries: 6,
  redeliveryDelayMs: 0,
  redeliveryMultiplier: 1,
  redeliveryDelayMaxMs: 3_600_000,
  deadLetterExpired: false,
};

/** Rules in the order written, a path, and the attempts that it ends with. */
const SPECIFICITY: [rules: [match: string, maxDeliveries: number][], path: string, is: number][] = [
  [[], "/queue/a", 6],
  [[["/queue/b", 1]], "/queue/a", 6],
  [[["/queue/a", 1]], "/queue/a", 1],
  [[["/queue/a", 1]], "/topic/a", 6],
  [[["/queue/a", 1]], "/queue/a.b", 6],
  [[["/queue/a.>", 1]], "/queue/a", 1],
  [[["/queue/a.>", 1]], "/queue/a.b.c", 1],
  [[["/queue/a.*", 1]], "/queue/a.b", 1],
  [[["/queue/a.*", 1]], "/queue/a.b.c", 6],
  [
    [
      ["/queue/a.b", 1],
      ["/queue/a.*", 2],
      ["/queue/>", 3],
    ],
    "/queue/a.b",
    1,
  ],
  [
    [
      ["/queue/>", 3],
      ["/queue/a.*", 2],
      ["/queue/a.b", 1],
    ],
    "/queue/a.b",
    1,
  ],
  [
    [
      ["/queue/a.*", 2],
      ["/queue/>", 3],
    ],
    "/queue/a.c",
    2,
  ],
  [
    [
      ["/queue/a.*", 2],
      ["/queue/>", 3],
    ],
    "/queue/b",
    3,
  ],
  [
    [
      ["/queue/a.>", 1],
      ["/queue/*.b", 2],
    ],
    "/queue/a.b",
    2,
  ],
  [
    [
      ["/queue/*.b", 2],
      ["/queue/a.>", 1],
    ],
    "/queue/a.b",
    1,
  ],
  [
    [
      ["/queue/a", 1],
      ["/queue/a", 2],
    ],
    "/queue/a",
    2,
  ],
  [[["/queue/#.z", 1]], "/queue/a.b.z", 1],
  [[["/queue/DLQ.>", 1]], "/queue/DLQ.a", 1],
];

for (const [rules, path, is] of SPECIFICITY) {
  const written = rules.map(([match, max]) => `${match}=${max}`).join(" ") || "nothing";
  test(`of ${written}, ${path} has ${is}`, () => {
    const all = rules.map(([match, maxDeliveries]): PolicyRule => ({ match, maxDeliveries }));
    expect(createPolicies(DEFAULTS, all)(path).maxDeliveries).toBe(is);
  });
}

test("many rules do not make a less specific one win", () => {
  const rules: PolicyRule[] = [{ match: "/queue/a.b", maxDeliveries: 1 }];
  for (let at = 0; at < 50; at++) rules.push({ match: "/queue/a.*", maxDeliveries: 2 + at });
  expect(createPolicies(DEFAULTS, rules)("/queue/a.b").maxDeliveries).toBe(1);
  expect(createPolicies(DEFAULTS, rules)("/queue/a.c").maxDeliveries).toBe(51);
});

test("rules are merged key by key over the defaults", () => {
  const policyOf = createPolicies(DEFAULTS, [
    { match: "/queue/a.b", overflow: "drop-oldest" },
    { match: "/queue/>", messagesMax: 10, maxDeliveries: 2 },
    { match: "/queue/a.>", maxDeliveries: 3, deadLetterExpired: true },
  ]);
  expect(policyOf("/queue/a.b")).toMatchObject({
    ...DEFAULTS,
    messagesMax: 10,
    maxDeliveries: 3,
    deadLetterExpired: true,
    overflow: "drop-oldest",
  });
  expect(policyOf("/queue/c")).toMatchObject({ ...DEFAULTS, messagesMax: 10, maxDeliveries: 2 });
  expect(policyOf("/topic/a.b")).toMatchObject(DEFAULTS);
});

test("a key that a rule leaves out, or has as undefined, is not taken away", () => {
  const policyOf = createPolicies(DEFAULTS, [
    { match: "/queue/a", maxDeliveries: 2 },
    { match: "/queue/a", messagesMax: 5 },
  ]);
  expect(policyOf("/queue/a")).toMatchObject({ maxDeliveries: 2, messagesMax: 5 });
});

/** First delay, multiplier and maximum, and what they make of the refusals from the first on. */
const DELAYS: [ms: number, multiplier: number, maxMs: number, delays: number[]][] = [
  [0, 2, 1_000, [0, 0, 0]],
  [100, 1, 1_000, [100, 100, 100]],
  [100, 2, 1_000, [100, 200, 400, 800, 1_000, 1_000]],
  [100, 1.5, 1_000, [100, 150, 225]],
  [5_000, 2, 1_000, [1_000, 1_000]],
  [100, 100, 3_600_000, [100, 10_000, 1_000_000, 3_600_000]],
];

for (const [redeliveryDelayMs, redeliveryMultiplier, redeliveryDelayMaxMs, delays] of DELAYS) {
  test(`${redeliveryDelayMs} ms times ${redeliveryMultiplier} up to ${redeliveryDelayMaxMs} ms is ${delays}`, () => {
    const policy = {
      ...DEFAULTS,
      redeliveryDelayMs,
      redeliveryMultiplier,
      redeliveryDelayMaxMs,
    };
    expect(delays.map((_, at) => redeliveryDelay(policy, at + 1))).toEqual(delays);
  });
}

test("a delay stays finite after any number of refusals", () => {
  const policy = { ...DEFAULTS, redeliveryDelayMs: 1_000, redeliveryMultiplier: 100 };
  expect(redeliveryDelay(policy, 1_000_000)).toBe(3_600_000);
});
