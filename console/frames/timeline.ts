/** The frames that the page keeps, in order and bounded. */

import type { FrameInfo } from "../../src/api/values.ts";

/** A frame that is kept. */
export interface TimelineEntry {
  readonly frame: FrameInfo;
  /** Which life of the broker it is from: a broker that starts anew counts from the beginning. */
  readonly run: number;
}

/** The frames that are kept, oldest first. */
export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  /** What the entries take, about, in bytes. */
  readonly bytes: number;
  /** Frames that had to go to make room. */
  readonly dropped: number;
  /** Entries behind which nobody may have watched for a while. */
  readonly seams: ReadonlySet<TimelineEntry>;
}

/** How much is kept. */
export interface TimelineLimits {
  readonly framesMax: number;
  readonly bytesMax: number;
}

/** A row of the list that a timeline is shown as. */
export type TimelineRow =
  | { readonly kind: "frame"; readonly key: string; readonly entry: TimelineEntry }
  /** Frames that the broker left out. */
  | { readonly kind: "gap"; readonly key: string; readonly skipped: number }
  /** The broker was started again. */
  | { readonly kind: "restart"; readonly key: string }
  /** From here on the page watched; before, frames are there as far as somebody else did. */
  | { readonly kind: "seam"; readonly key: string }
  /** Older frames had to go. */
  | { readonly kind: "dropped"; readonly key: string; readonly count: number };

/** Nothing seen yet. */
export const EMPTY_TIMELINE: Timeline = { entries: [], bytes: 0, dropped: 0, seams: new Set() };

/** What the page keeps: enough to look back, and never more than a page should take. */
export const PAGE_LIMITS: TimelineLimits = { framesMax: 5_000, bytesMax: 32 * 1024 * 1024 };

/**
 * Adds frames that came in order, be they newer or older than those that are
 * there; what is there already stays as it is. The oldest go when there are too
 * many.
 */
export function addFrames(
  timeline: Timeline,
  frames: readonly FrameInfo[],
  limits: TimelineLimits = PAGE_LIMITS,
): Timeline {
  if (frames.length === 0) return timeline;
  const { entries } = timeline;
  const added: TimelineEntry[] = [];
  // Made only for frames that do not come after all others.
  let known: Map<string, FrameInfo> | undefined;
  let last = entries.at(-1);
  for (const frame of frames) {
    if (last === undefined || frame.number > last.frame.number) {
      last = { frame, run: last?.run ?? 0 };
      added.push(last);
      continue;
    }
    known ??= new Map([...entries, ...added].map((entry) => [keyOf(entry), entry.frame]));
    const entry = { frame, run: last.run };
    const same = known.get(keyOf(entry));
    if (same?.at === frame.at) continue;
    // Numbers only grow while a broker lives.
    if (frame.at > last.frame.at) last = { frame, run: last.run + 1 };
    else if (same !== undefined) continue;
    const placed = last.frame === frame ? last : entry;
    known.set(keyOf(placed), frame);
    added.push(placed);
  }
  if (added.length === 0) return timeline;
  const all = [...entries, ...added];
  if (known !== undefined) all.sort(compare);
  const bytes = timeline.bytes + added.reduce((sum, { frame }) => sum + keptBytes(frame), 0);
  return trim({ ...timeline, entries: all, bytes }, limits);
}

/** Marks that what comes next may not follow at once on what there is. */
export function addSeam(timeline: Timeline): Timeline {
  const last = timeline.entries.at(-1);
  if (last === undefined || timeline.seams.has(last)) return timeline;
  return { ...timeline, seams: new Set([...timeline.seams, last]) };
}

/** The frames that match as rows, with a row for each gap between them; none if no frame does. */
export function timelineRows(
  { entries, dropped, seams }: Timeline,
  matches: (frame: FrameInfo) => boolean,
): readonly TimelineRow[] {
  const rows: TimelineRow[] = [];
  if (dropped > 0) rows.push({ kind: "dropped", key: "dropped", count: dropped });
  let isAfterSeam = false;
  let skipped = 0;
  let run = entries[0]?.run;
  for (const entry of entries) {
    const key = keyOf(entry);
    skipped += entry.frame.skipped;
    if (entry.run !== run) rows.push({ kind: "restart", key: `restart ${key}` });
    run = entry.run;
    if (matches(entry.frame)) {
      if (isAfterSeam) rows.push({ kind: "seam", key: `seam ${key}` });
      if (skipped > 0) rows.push({ kind: "gap", key: `gap ${key}`, skipped });
      rows.push({ kind: "frame", key, entry });
      isAfterSeam = false;
      skipped = 0;
    }
    if (seams.has(entry)) isAfterSeam = true;
  }
  return rows.some(({ kind }) => kind === "frame") ? rows : [];
}

/** How many frames that match came after an entry. */
export function countAfter(
  { entries }: Timeline,
  after: TimelineEntry | undefined,
  matches: (frame: FrameInfo) => boolean,
): number {
  let count = 0;
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at];
    if (entry === undefined || (after !== undefined && compare(entry, after) <= 0)) break;
    if (matches(entry.frame)) count += 1;
  }
  return count;
}

/** The newest frame with that number, and of that time if it is given. */
export function findFrame(
  { entries }: Timeline,
  { number, at }: { readonly number: number; readonly at?: number | undefined },
): TimelineEntry | undefined {
  return entries.findLast(
    ({ frame }) => frame.number === number && (at === undefined || frame.at === at),
  );
}

/** About what a frame takes in memory, in bytes. */
export function keptBytes({ headers, body, bodyBase64 }: FrameInfo): number {
  const text = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return 200 + 2 * (text + (body?.length ?? 0) + (bodyBase64?.length ?? 0));
}

function trim(timeline: Timeline, { framesMax, bytesMax }: TimelineLimits): Timeline {
  const { entries } = timeline;
  let { bytes } = timeline;
  let surplus = 0;
  while (entries.length - surplus > framesMax || bytes > bytesMax) {
    const oldest = entries[surplus];
    if (oldest === undefined) break;
    bytes -= keptBytes(oldest.frame);
    surplus += 1;
  }
  if (surplus === 0) return timeline;
  const gone = new Set(entries.slice(0, surplus));
  const seams = new Set([...timeline.seams].filter((entry) => !gone.has(entry)));
  return { entries: entries.slice(surplus), bytes, dropped: timeline.dropped + surplus, seams };
}

function compare(a: TimelineEntry, b: TimelineEntry): number {
  return a.run - b.run || a.frame.number - b.frame.number;
}

function keyOf({ run, frame }: TimelineEntry): string {
  return `${run}/${frame.number}`;
}
