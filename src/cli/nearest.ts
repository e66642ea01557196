/** Finds the name that somebody probably meant. */

/**
 * The candidate nearest to `word`, or undefined when none is near. Case, the
 * choice between `-`, `_` and `.`, and a table left out make no difference.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = plain(word);
  let best: string | undefined;
  // Of a word of three letters not much is left after two slips.
  const slips = wanted.length <= 3 ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  let bestDistance = slips + 1;
  for (const candidate of candidates) {
    const whole = plain(candidate);
    const last = plain(candidate.slice(candidate.lastIndexOf(".") + 1));
    const contained = wanted.length >= 4 && whole.includes(wanted) ? 2 : Number.POSITIVE_INFINITY;
    const distance = Math.min(editDistance(wanted, whole), editDistance(wanted, last), contained);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The end of a sentence about an unknown name: what was meant, or else where to look. */
export function didYouMean(
  word: string,
  candidates: readonly string[],
  options: { readonly otherwise: string },
): string {
  const found = nearest(word, candidates);
  return found === undefined ? options.otherwise : `did you mean ${found}?`;
}

function plain(name: string): string {
  return name
    .replace(/[a-z][A-Z]/g, (pair) => `${pair.charAt(0)}-${pair.charAt(1)}`)
    .toLowerCase()
    .replace(/^--/, "")
    .replace(/[_.]/g, "-");
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words. */
export function editDistance(from: string, to: string): number {
  // A name of this length is nobody's slip of the finger.
  if (from.length > 100 || to.length > 100) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let above: number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    before = above;
    above = current;
  }
  return above[to.length] ?? 0;
}
