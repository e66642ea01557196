const HIDDEN = /(?!\r?\n|[\t\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text from elsewhere as it may be shown: of more than `max` characters the beginning, and what
 * cannot be seen, or turns the direction in which one reads, as an escape. The joiner of emoji stays.
 */
export function visibleText(text, max = Infinity) {
  const whole = text.length <= max;
  // Not half of a character.
  const shown = whole ? text : `${text.slice(0, max).replace(/[\ud800-\udbff]$/, "")}…`;
  return shown.replace(HIDDEN, (hidden) => `\\u{${hidden.codePointAt(0).toString(16)}}`);
}
