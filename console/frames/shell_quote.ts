/**
 * What may not be pasted into a terminal as it is, even within quotes: control
 * characters (a tab completes, an escape does what it wants) and what cannot be
 * seen. A line feed within quotes does no harm.
 */
const NOT_PASTED = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Whether a text can be written in single quotes and pasted. */
export function isPastable(text: string): boolean {
  return !NOT_PASTED.test(text);
}

/**
 * A text as one word of a POSIX shell, whatever is in it but NUL, which no
 * argument can hold and which is left out.
 */
export function shellQuote(text: string): string {
  const parts: string[] = [];
  let plain = "";
  let octal = "";
  const endPlain = () => {
    if (plain !== "") parts.push(quotePlain(plain));
    plain = "";
  };
  const endOctal = () => {
    if (octal !== "") parts.push(`"$(printf '${octal}')"`);
    octal = "";
  };
  for (const character of text.replaceAll("\0", "")) {
    if (isPastable(character)) {
      endOctal();
      plain += character;
    } else {
      endPlain();
      for (const byte of new TextEncoder().encode(character)) {
        octal += `\\${byte.toString(8).padStart(3, "0")}`;
      }
    }
  }
  endPlain();
  endOctal();
  return parts.length === 0 ? "''" : parts.join("");
}

function quotePlain(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
