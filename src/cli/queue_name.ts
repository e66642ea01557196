/** What people may write before the name of a queue. */
const PREFIX = /^\/(?:temp-)?queue\//;
/** What begins a destination of another kind, or another way to write one. */
const DESTINATION = /^(?:\/|[a-z][a-z-]*:\/\/)/i;

/** The name of a queue, written with or without its prefix; undefined where it is none. */
export function queueName(word: string): string | undefined {
  const name = word.replace(PREFIX, "");
  return name === "" || (name === word && DESTINATION.test(word)) ? undefined : name;
}

/** The destination that a word means: the queue of that name, unless it says what it is. */
export function destinationOf(word: string): string {
  return DESTINATION.test(word) ? word : `/queue/${word}`;
}
