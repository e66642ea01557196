import { Fault } from "../fault.ts";

/** A place in the text of a selector. */
export interface SelectorPlace {
  readonly text: string;
  /** Index into `text`, in UTF-16 code units. */
  readonly at: number;
}

/** Characters shown on either side of a mistake. */
const CONTEXT = 40;

/**
 * The refusal of a selector, with what was expected at a place, what was found
 * there instead, the text around it and a caret below it. The position counts
 * characters from 1, prefixes included.
 */
export function selectorFault(place: SelectorPlace, problem: string): Fault {
  const before = [...place.text.slice(0, place.at)];
  const after = [...place.text.slice(place.at)];
  const left = (before.length > CONTEXT ? "…" : "") + before.slice(-CONTEXT).join("");
  const right = after.slice(0, CONTEXT).join("") + (after.length > CONTEXT ? "…" : "");
  const caret = " ".repeat(Math.min(before.length, CONTEXT + 1));
  return new Fault(
    "bad-selector",
    `Cannot read selector at character ${before.length + 1}: ${problem}\n` +
      `${visible(left + right)}\n${caret}^`,
  );
}

/** A line feed or a writing direction of the client's must not move the caret. */
function visible(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ");
}
