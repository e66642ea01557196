/**
 * A copy of a text that keeps nothing else alive. A part of a text is a view
 * of the whole in JavaScriptCore, and texts that were added up are a tree of
 * them: a few bytes kept for long would keep the megabytes around them.
 *
 * Joining copies always, and takes a quarter of the time of the way through
 * bytes; a look at one character copies too, but the engine leaves it out
 * where nobody uses what was seen.
 */
export function detach(text: string): string {
  return text === "" ? text : [text, ""].join("");
}
