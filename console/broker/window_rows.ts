/** The part of a long list that is known here: a window, fetched from the broker. */

import type { RowWindow } from "../ui/virtual_window.ts";

/** A part of a list as the API gives it. */
export interface ListPart<T> {
  /** Items in all. */
  readonly total: number;
  readonly items: readonly T[];
}

/** What to ask the API for. */
export interface ListRange {
  readonly offset: number;
  readonly limit: number;
}

/** What is known of a list. */
export interface KnownRows<T> {
  readonly total: number;
  /** Index of the first of `items`. */
  readonly offset: number;
  readonly items: readonly T[];
}

const STEP = 50;
const LIMIT_MAX = 1_000;

/** The range that covers a window with something on both sides, so that a little scrolling asks nothing. */
export function rangeFor({ first, count }: RowWindow): ListRange {
  const offset = Math.max(0, Math.floor((first - STEP / 2) / STEP) * STEP);
  const end = Math.ceil((first + count + STEP / 2) / STEP) * STEP;
  return { offset, limit: Math.min(LIMIT_MAX, Math.max(STEP, end - offset)) };
}

/** Whether all of a window is known, as far as the list goes. */
export function covers<T>(known: KnownRows<T>, { first, count }: RowWindow): boolean {
  const end = Math.min(first + count, known.total);
  return first >= known.offset && end <= known.offset + known.items.length;
}

/** An item by its place in the list; undefined where the list is not known. */
export function rowAt<T>(known: KnownRows<T>, index: number): T | undefined {
  return known.items[index - known.offset];
}
