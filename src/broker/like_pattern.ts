/** What a pattern is held against: a string, or anything read like one. */
export interface Characters {
  readonly length: number;
  charCodeAt(index: number): number;
}

/** A pattern of LIKE, compiled: whether it covers the whole of a text. */
export type LikePattern = (text: Characters) => boolean;

/** In a piece, what `_` is: any one character. */
const ANY = -1;

/** Code points in a row, `ANY` among them. */
type Piece = readonly number[];

/** Finds a piece from `from` on and before `to`: where it begins first, or -1. */
type Finder = (text: Characters, range: { readonly from: number; readonly to: number }) => number;

/** Whether a piece stands at an index of a text that is long enough. */
type Place = (text: Characters, at: number) => boolean;

/**
 * Compiles a pattern of LIKE: `%` is any characters or none, `_` any one
 * character (a code point), the character behind `escape` is itself. The case
 * of letters counts. Undefined if nothing stands behind the last `escape`.
 *
 * Holding it against a text reads each character of the text at most three
 * times, whatever the pattern, and takes at each one step for every 32
 * characters of the pattern between two `%`.
 */
export function likePattern(pattern: string, escape?: string): LikePattern | undefined {
  const pieces = piecesOf(pattern, escape);
  if (pieces === undefined) return undefined;
  const first = pieces[0] ?? [];
  const last = pieces.at(-1) ?? [];
  const begins = placed(first);
  const ends = placed(last);
  // Only these see a difference between code units and code points.
  const pointed = pieces.some((piece) => piece.some((code) => code === ANY || code > 0xffff));
  if (pieces.length === 1) {
    return (text) => {
      const characters = pointed ? codePoints(text) : text;
      return characters.length === first.length && begins(characters, 0);
    };
  }
  const floating = pieces
    .slice(1, -1)
    .filter((piece) => piece.length > 0)
    .map((piece) => ({ length: piece.length, find: finder(piece) }));
  return (text) => {
    const characters = pointed ? codePoints(text) : text;
    const end = characters.length - last.length;
    if (end < first.length) return false;
    if (!begins(characters, 0) || !ends(characters, end)) return false;
    let at = first.length;
    for (const { length, find } of floating) {
      // The first occurrence leaves the most room for the rest.
      const found = find(characters, { from: at, to: end });
      if (found < 0) return false;
      at = found + length;
    }
    return true;
  };
}

/** The pieces between the `%` of a pattern; undefined if it ends in the escape. */
function piecesOf(pattern: string, escape: string | undefined): Piece[] | undefined {
  const pieces: number[][] = [];
  let piece: number[] = [];
  pieces.push(piece);
  let escaped = false;
  for (const character of pattern) {
    const code = character.codePointAt(0) ?? 0;
    if (escaped) {
      piece.push(code);
      escaped = false;
    } else if (character === escape) {
      escaped = true;
    } else if (character === "%") {
      piece = [];
      pieces.push(piece);
    } else {
      piece.push(character === "_" ? ANY : code);
    }
  }
  return escaped ? undefined : pieces;
}

function placed(piece: Piece): Place {
  return (text, at) => {
    for (let i = 0; i < piece.length; i++) {
      if (piece[i] !== ANY && piece[i] !== text.charCodeAt(at + i)) return false;
    }
    return true;
  };
}

/** The text by code points; the text itself where that is the same. */
function codePoints(text: Characters): Characters {
  let i = 0;
  while (i < text.length && !isHighSurrogate(text.charCodeAt(i))) i++;
  if (i === text.length) return text;
  const points: number[] = [];
  for (i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const pair = isHighSurrogate(code) && i + 1 < text.length;
    points.push(pair ? 0x10000 + (code - 0xd800) * 0x400 + text.charCodeAt(++i) - 0xdc00 : code);
  }
  return { length: points.length, charCodeAt: (index) => points[index] ?? Number.NaN };
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/**
 * All places where the piece may have begun are tried at once, one bit for
 * each (the Shift-And method of Baeza-Yates and Gonnet), so that no character
 * is read again. Bits of a character are kept only for words where it has
 * some: memory in proportion to the pattern.
 */
function finder(piece: Piece): Finder {
  const words = Math.ceil(piece.length / 32);
  const anyBits = new Int32Array(words);
  const bits = new Map<number, number[]>();
  for (let i = 0; i < piece.length; i++) {
    const code = piece[i] ?? ANY;
    if (code === ANY) anyBits[i >> 5] = (anyBits[i >> 5] ?? 0) | (1 << (i & 31));
    else addBit(bits, code, i);
  }
  const first = piece[0];
  const lastWord = words - 1;
  const lastBit = 1 << ((piece.length - 1) & 31);
  const state = new Int32Array(words);
  const none: readonly number[] = [];
  return (text, { from, to }) => {
    state.fill(0);
    let begun = false;
    for (let i = from; i < to; i++) {
      const code = text.charCodeAt(i);
      if (!begun && first !== ANY && first !== code) continue;
      begun = false;
      const row = bits.get(code) ?? none;
      let next = 0;
      let carry = 1;
      for (let word = 0; word < words; word++) {
        let mask = anyBits[word] ?? 0;
        if (row[next] === word) {
          mask |= row[next + 1] ?? 0;
          next += 2;
        }
        const old = state[word] ?? 0;
        const now = ((old << 1) | carry) & mask;
        carry = old >>> 31;
        state[word] = now;
        if (now !== 0) begun = true;
      }
      if (((state[lastWord] ?? 0) & lastBit) !== 0) return i - piece.length + 1;
    }
    return -1;
  };
}

/** Rows are pairs of word and bits, by word. */
function addBit(rows: Map<number, number[]>, code: number, index: number): void {
  const row = rows.get(code);
  const word = index >> 5;
  const bit = 1 << (index & 31);
  if (row === undefined) rows.set(code, [word, bit]);
  else if (row.at(-2) === word) row[row.length - 1] = (row.at(-1) ?? 0) | bit;
  else row.push(word, bit);
}
