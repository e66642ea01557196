/** The operand and the options by which a command says what it sends. */

import { optionalOperand, text } from "./command_option.ts";
import { headerOption } from "./header_option.ts";

/** The body of a message. */
export const BODY = optionalOperand({
  placeholder: "BODY",
  description: "without it, or with -: stdin",
});

/** The file that the body is in. */
export const BODY_FILE = text({
  short: "-f",
  placeholder: "FILE",
  description: "take the body from a file",
  allowed: "a path",
  completion: "file",
});

/** The headers of a message. */
export const HEADERS = {
  header: headerOption("add a header, again for more"),
  contentType: text({ placeholder: "TYPE", description: "what the body is: text/plain" }),
};
