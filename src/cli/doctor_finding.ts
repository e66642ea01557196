/** What `doctor` found out. */

import { visibleJson, visibleText } from "../observe/visible_text.ts";
import { wrapText } from "./wrap_text.ts";

/** What is looked at, in this order. */
export const CHECKS = [
  "address",
  "connect",
  "tls",
  "certificate",
  "upgrade",
  "origin",
  "stomp",
  "heart-beat",
  "round-trip",
  "frame-size",
] as const;

/** How something is. */
export type Verdict = "ok" | "warn" | "fail";

/** One thing that was looked at. */
export interface Finding {
  readonly check: (typeof CHECKS)[number];
  readonly verdict: Verdict;
  /** What was seen, for a person. */
  readonly seen: string;
  /** What to do about it; there where not all is well. */
  readonly remedy?: string;
  /** What was seen, for programs. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** How findings are shown. */
export interface FindingOptions {
  readonly color: boolean;
  /** Columns of the terminal; undefined where lines may be of any length. */
  readonly width: number | undefined;
}

const COLORS: Readonly<Record<Verdict, string>> = {
  ok: "\x1b[32m",
  warn: "\x1b[33m",
  fail: "\x1b[31m",
};
const CHECK_WIDTH = Math.max(...CHECKS.map((check) => check.length));
const INDENT = "warn  ".length + CHECK_WIDTH + "  ".length;
/** What is narrower is no help to anybody. */
const WIDTH_MIN = 20;

/** A finding as lines, each with its line end: what was seen, then what to do. */
export function findingText(
  { check, verdict, seen, remedy }: Finding,
  { color, width = Infinity }: FindingOptions,
): string {
  const room = Math.max(width - INDENT, WIDTH_MIN);
  const label = verdict.padEnd(4);
  const painted = color ? `${COLORS[verdict]}${label}\x1b[0m` : label;
  const start = `${painted}  ${check.padEnd(CHECK_WIDTH)}  `;
  const lines = wrapText(visibleText(seen), room);
  const todo = remedy === undefined ? [] : wrapText(`→ ${visibleText(remedy)}`, room);
  return [...lines, ...todo]
    .map((line, at) => `${at === 0 ? start : " ".repeat(INDENT)}${line}\n`)
    .join("");
}

/** A finding as a line of JSON. */
export function findingJson({ facts = {}, ...finding }: Finding): string {
  return `${visibleJson({ ...finding, facts })}\n`;
}
