import { list, ReadError } from "./command_option.ts";

/** A header as a flag gives it: name and value. */
export type HeaderPair = readonly [name: string, value: string];

/** Reads `NAME:VALUE`; blanks behind the colon are left out. Throws a ReadError. */
function readHeader(text: string): HeaderPair {
  const colon = text.indexOf(":");
  if (colon < 1) {
    throw new ReadError(`Cannot use ${JSON.stringify(text)} as a header: expected NAME:VALUE`);
  }
  return [text.slice(0, colon), text.slice(colon + 1).trimStart()];
}

/** The option `-H`, again for more. */
export function headerOption(description: string) {
  return list(readHeader, {
    flag: "--header",
    short: "-H",
    placeholder: "NAME:VALUE",
    description,
  });
}
