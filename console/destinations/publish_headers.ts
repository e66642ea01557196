/** The headers of a message that is published by a form. */

import { readHeaderLines } from "../client/header_lines.ts";

/** Names that are not typed, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  destination: "it has a field of its own",
  "content-type": "it has a field of its own",
  "content-length": "the broker counts",
  receipt: "the console waits for the answer anyway",
  transaction: "it is sent at once",
};

/** Reads lines of `name:value`, with the content type before them if there is one. */
export function publishHeaders(
  lines: string,
  contentType: string,
): { readonly headers: [string, string][]; readonly mistakes: readonly string[] } {
  const { headers, mistakes } = readHeaderLines(lines);
  const taken = headers.flatMap(([name]) => {
    const why = ELSEWHERE[name.toLowerCase()];
    return why === undefined ? [] : [`Cannot send the header "${name}": ${why}`];
  });
  return {
    headers: [
      ...(contentType === "" ? [] : [["content-type", contentType] as const]),
      ...headers,
    ].map(([name, value]): [string, string] => [name, value]),
    mistakes: [...mistakes, ...taken],
  };
}
