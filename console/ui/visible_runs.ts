/**
 * Makes what cannot be seen, or deceives, visible: control, invisible and
 * direction characters become escapes, letters of a foreign script within a
 * word are marked. What it answers is text, to be shown as text.
 */

/** A piece of a text, as it is to be shown. */
export interface VisibleRun {
  /** `plain` as it is; `escape` stands for a character that cannot be seen; `mark` for a look-alike. */
  readonly kind: "plain" | "escape" | "mark";
  readonly text: string;
  /** What it really is. */
  readonly title?: string;
}

/** How {@link visibleRuns} treats white space. */
export interface VisibleOptions {
  /** Whether lines and tabs are kept, as in a body, and not escaped, as in a name. */
  readonly multiline?: boolean;
}

/** Letters of other scripts that look like Latin ones, each before the letter that it looks like. */
const LOOK_ALIKES = new Map(
  [
    "аa еe оo рp сc уy хx іi јj ѕs һh ԁd ԛq ԝw ɡg ӏl вb кk мm нh тt",
    "АA ВB ЕE КK МM НH ОO РP СC ТT УY ХX ІI ЈJ ЅS ԌG Ԛ Ԝ Ү ӀI",
    "αa οo ρp νv υu ιi κk γy ωw ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX",
    "օo ոn սu հh ցg",
  ]
    .join(" ")
    .split(" ")
    .map((pair) => [...pair])
    .filter((pair) => pair.length === 2)
    .map(([foreign = "", latin = ""]) => [foreign, latin] as const),
);

const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ["Latin", /\p{Script=Latin}/u],
  ["Cyrillic", /\p{Script=Cyrillic}/u],
  ["Greek", /\p{Script=Greek}/u],
  ["Armenian", /\p{Script=Armenian}/u],
  ["Hebrew", /\p{Script=Hebrew}/u],
  ["Arabic", /\p{Script=Arabic}/u],
  ["Cherokee", /\p{Script=Cherokee}/u],
  ["Georgian", /\p{Script=Georgian}/u],
  ["Coptic", /\p{Script=Coptic}/u],
  ["Lisu", /\p{Script=Lisu}/u],
];

const NAMES = new Map([
  [0x00, "NUL"],
  [0x07, "bell"],
  [0x08, "backspace"],
  [0x09, "tab"],
  [0x0a, "line feed"],
  [0x0d, "carriage return"],
  [0x1b, "escape"],
  [0x20, "space"],
  [0xa0, "no-break space"],
  [0xad, "soft hyphen"],
  [0x200b, "zero width space"],
  [0x200c, "zero width non-joiner"],
  [0x200d, "zero width joiner"],
  [0x200e, "left-to-right mark"],
  [0x200f, "right-to-left mark"],
  [0x202a, "left-to-right embedding"],
  [0x202b, "right-to-left embedding"],
  [0x202c, "end of direction"],
  [0x202d, "left-to-right override"],
  [0x202e, "right-to-left override"],
  [0x2060, "word joiner"],
  [0x2066, "left-to-right isolate"],
  [0x2067, "right-to-left isolate"],
  [0x2068, "first strong isolate"],
  [0x2069, "end of isolate"],
  [0xfeff, "byte order mark"],
  [0xfffd, "what could not be read as text"],
]);

/** Whatever has no shape of its own, or one that is meant to be taken for something else. */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u00a0\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180d\u180f\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}]/u;

const WORD = /\p{L}[\p{L}\p{M}]*/gu;
const SHORT_ESCAPES = new Map([
  ["\0", "\\0"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\r", "\\r"],
]);

/** Splits a text into runs that can be seen for what they are. */
export function visibleRuns(text: string, options: VisibleOptions = {}): readonly VisibleRun[] {
  const { multiline = false } = options;
  // By far the most texts; nothing in them needs a look.
  if (/^[!-~]+(?: [!-~]+)*$/.test(text) && !/\/ | \//.test(text)) return [{ kind: "plain", text }];
  const foreign = foreignLetters(text);
  const runs: VisibleRun[] = [];
  let plain = "";
  const flush = (): void => {
    if (plain !== "") runs.push({ kind: "plain", text: plain });
    plain = "";
  };
  const characters = [...text];
  let place = 0;
  for (const [index, character] of characters.entries()) {
    const title = foreign.get(place);
    place += character.length;
    if (title !== undefined) {
      flush();
      runs.push({ kind: "mark", text: character, title });
    } else if (character === " " && !multiline && isLostSpace(characters, index)) {
      flush();
      runs.push({ kind: "escape", text: escapeOf(character), title: titleOf(character) });
    } else if (isHidden(characters, index, multiline)) {
      flush();
      runs.push({ kind: "escape", text: escapeOf(character), title: titleOf(character) });
    } else {
      plain += character;
    }
  }
  flush();
  return runs;
}

/** Whether a space would not be seen, or be taken for none: at an end, beside another, beside a slash. */
function isLostSpace(characters: readonly string[], index: number): boolean {
  const beside = [characters[index - 1], characters[index + 1]];
  return beside.some((other) => other === undefined || other === " " || other === "/");
}

function isHidden(characters: readonly string[], index: number, multiline: boolean): boolean {
  const character = characters[index] ?? "";
  if (multiline && (character === "\n" || character === "\t")) return false;
  // The end of a line as the other half of the world writes it.
  if (multiline && character === "\r") return characters[index + 1] !== "\n";
  if (!HIDDEN.test(character)) return false;
  // Emoji are made of several, held together by what elsewhere is invisible.
  if (character !== "\u200d" && character !== "\ufe0f") return true;
  const before = characters[index - 1] ?? "";
  const after = characters[index + 1] ?? "";
  const pictograph = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f/u;
  if (!pictograph.test(before)) return true;
  return character === "\u200d" && !/\p{Extended_Pictographic}/u.test(after);
}

function escapeOf(character: string): string {
  const short = SHORT_ESCAPES.get(character);
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
}

function titleOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const name = NAMES.get(code) ?? (/\p{Cc}/u.test(character) ? "control character" : "invisible");
  return `${codePoint(character)} ${name}`;
}

function codePoint(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `U+${hex.padStart(4, "0")}`;
}

/** The titles of letters that are not what they look like, by their place in the text. */
function foreignLetters(text: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const hasLatin = /[A-Za-z]/.test(text);
  for (const match of text.matchAll(WORD)) {
    const [word] = match;
    const letters = [...word].filter((letter) => /\p{L}/u.test(letter));
    const scripts = letters.map(scriptOf);
    const known = new Set(scripts.filter((script) => script !== undefined));
    const isDisguised =
      hasLatin && !known.has("Latin") && letters.every((letter) => LOOK_ALIKES.has(letter));
    if (known.size < 2 && !isDisguised) continue;
    const usual = known.has("Latin") ? "Latin" : isDisguised ? undefined : scripts[0];
    let place = match.index;
    for (const character of word) {
      const script = /\p{L}/u.test(character) ? scriptOf(character) : undefined;
      if (script !== undefined && script !== usual) {
        const like = LOOK_ALIKES.get(character);
        const looks = like === undefined ? "" : `, looks like Latin “${like}”`;
        found.set(place, `${codePoint(character)} ${script} letter${looks}`);
      }
      place += character.length;
    }
  }
  return found;
}

function scriptOf(letter: string): string | undefined {
  return SCRIPTS.find(([, pattern]) => pattern.test(letter))?.[0];
}

/** The first `max` UTF-16 units of a text, but never half of a character. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? max - 1 : max);
}
