/**
 * A copy of a text that keeps nothing else alive. A part of a text is a view
 * of the whole in JavaScriptCore: a few bytes kept for long would keep the
 * megabytes of headers around them.
 */
export function detach(text: string): string {
  return text === "" ? text : Buffer.from(text, "utf8").toString("utf8");
}
