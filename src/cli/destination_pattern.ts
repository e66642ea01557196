/** Destinations by pattern, as SUBSCRIBE has them, for frames that name one. */

/** A pattern, made ready. */
export interface DestinationPattern {
  /** Whether a destination, or one of a list with commas between them, is meant. */
  readonly matches: (destination: string) => boolean;
  /** The pattern of a LIKE, escaped by `!`, which everything meant is like, and perhaps more. */
  readonly like: string;
}

/** Stands for one segment. */
const ONE = "*";
/** Stand for any number of segments, none too. */
const MANY: readonly string[] = [">", "#", "**"];

/** Reads a pattern: a whole segment may be `*`, `>`, `#` or `**`. */
export function destinationPattern(pattern: string): DestinationPattern {
  // Segments and what ends them, in turn.
  const parts = pattern.split(/([./])/);
  let form = "";
  let like = "";
  for (let at = 0; at < parts.length; at += 2) {
    const segment = parts[at] ?? "";
    const end = parts[at + 1] ?? "";
    const isLast = at === parts.length - 1;
    if (!MANY.includes(segment)) {
      const next = parts[at + 2];
      // What ends the segment before a last `>` is not there without one.
      const ends = at + 2 === parts.length - 1 && MANY.includes(next ?? "") ? "" : end;
      form += (segment === ONE ? "[^./]+" : RegExp.escape(segment)) + RegExp.escape(ends);
      like += (segment === ONE ? "%" : likeText(segment)) + likeText(ends);
    } else if (!isLast) {
      form += `(?:.*${RegExp.escape(end)})?`;
      like += "%";
    } else {
      form += at === 0 ? ".*" : `(?:${RegExp.escape(parts[at - 1] ?? "")}.*)?`;
      like += "%";
    }
  }
  const whole = new RegExp(`^${form}$`, "s");
  return {
    matches: (destination) => destination.split(",").some((each) => whole.test(each.trim())),
    like: `%${like}%`,
  };
}

function likeText(text: string): string {
  return text.replace(/[%_!]/g, "!$&");
}
