import type { Sent } from "./records.ts";

/** A selector, and what it means, said apart from the broker's own language. */
export interface SimSelector {
  readonly text: string;
  /** Whether it wants a message that would be delivered for the `count`-th time. */
  wants(sent: Sent, count: number): boolean;
}

/** Selectors that look at messages alone. */
export const SELECTORS: readonly [SimSelector, ...SimSelector[]] = [
  { text: "weight > 2", wants: ({ weight }) => weight !== undefined && weight > 2 },
  {
    text: "weight BETWEEN 1 AND 3",
    wants: ({ weight }) => weight !== undefined && weight >= 1 && weight <= 3,
  },
  { text: "colour = 'red'", wants: ({ colour }) => colour === "red" },
  {
    text: "colour IS NULL OR colour NOT IN ('red', 'green')",
    wants: ({ colour }) => colour !== "red" && colour !== "green",
  },
  {
    text: "colour LIKE '%ee_' AND NOT weight = 0",
    wants: ({ colour, weight }) => colour === "green" && weight !== undefined && weight !== 0,
  },
  { text: "JMSPriority >= 4", wants: ({ priority }) => priority >= 4 },
];

/** Selectors that also look at how often a message was delivered. */
export const DELIVERY_SELECTORS: readonly [SimSelector, ...SimSelector[]] = [
  { text: "JMSRedelivered = FALSE", wants: (_sent, count) => count === 1 },
  {
    text: "JMSXDeliveryCount > 1 OR weight = 1",
    wants: ({ weight }, count) => count > 1 || weight === 1,
  },
];
