const LETTERS = "abcdefghijkmnpqrstuvwxyz"; // 24, without l and o, which look like digits

/** Random letters, so that two windows do not choose the same. */
export function newId(length) {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join("");
}
