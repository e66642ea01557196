/** What a terminal, and whoever reads it, may be shown of a text from elsewhere. */

/**
 * What may change how a terminal behaves, or the order in which a person reads,
 * or cannot be seen at all: two names that differ in it look the same. Spaces
 * and what Unicode has no meaning for yet do show. Emoji are made of several
 * characters, held together by what elsewhere is invisible.
 */
const HIDDEN = [
  // Controls, what ends lines, halves of characters.
  String.raw`\p{Cc}|\p{Zl}|\p{Zp}|\p{Cs}`,
  // Marks of direction, zero widths, tags; all but the joiner.
  String.raw`(?!\u200d)\p{Cf}`,
  String.raw`(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d|\u200d(?!\p{Extended_Pictographic})`,
  String.raw`(?<!\p{Emoji})[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]`,
  // Letters without a shape.
  String.raw`[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0]`,
].join("|");
/** Made when first needed: a start, in which most texts are plain, need not wait for it. */
const made: { pattern: RegExp | undefined } = { pattern: undefined };

function hidden(): RegExp {
  return (made.pattern ??= new RegExp(HIDDEN, "gu"));
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** By far the most texts; nothing in them needs a look. */
const PLAIN = /^[ -~]*$/;

/** A text in which all that is {@link HIDDEN} is escaped as in JavaScript. */
export function visibleText(text: string): string {
  return PLAIN.test(text) ? text : text.replace(hidden(), escaped);
}

/** The same for a text of several lines: line ends and tabs stay. */
export function visibleLines(text: string): string {
  return PLAIN.test(text)
    ? text
    : text.replace(hidden(), (character) =>
        character === "\n" || character === "\t" ? character : escaped(character),
      );
}

/** JSON in which all that is {@link HIDDEN} is escaped; it means the same. */
export function visibleJson(value: unknown): string {
  return visibleInJson(JSON.stringify(value));
}

/** The same for what is JSON already. */
export function visibleInJson(json: string): string {
  return PLAIN.test(json) ? json : json.replace(hidden(), jsonEscaped);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const short = SHORT[character];
  if (short !== undefined) return short;
  return code < 0x100 ? `\\x${hex(code, 2)}` : jsonEscaped(character);
}

/** One escape for each UTF-16 unit. */
function jsonEscaped(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
    .join("");
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
