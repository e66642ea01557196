/** A reader of server-sent events (WHATWG HTML "Interpreting an event stream"). */

/** One event. */
export interface ServerSentEvent {
  readonly type: string;
  readonly data: string;
  readonly id: string;
}

/** An open stream. */
export interface EventStream {
  readonly response: Response;
  /** The next event; rejects when the stream ends instead. */
  next(): Promise<ServerSentEvent>;
  /** Reads to the end; resolves with whether it came in order. */
  end(): Promise<"done" | "broken">;
  /** Leaves. */
  leave(): void;
}

/** Opens a stream and waits for its first comment, so that its subscription is live. */
export async function openEvents(url: string, init: RequestInit = {}): Promise<EventStream> {
  const abort = new AbortController();
  const response = await fetch(url, { ...init, signal: abort.signal });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`No stream but ${response.status}: ${await response.text()}`);
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  /** The next block of lines; null at the end. */
  const block = async (): Promise<string | null> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const found = text.slice(0, end);
        text = text.slice(end + 2);
        return found;
      }
      const { done, value } = await reader.read();
      if (done) return null;
      text += decoder.decode(value, { stream: true });
    }
  };
  if ((await block())?.startsWith(":") !== true) throw new Error("The stream began otherwise");
  const next = async (): Promise<ServerSentEvent> => {
    for (;;) {
      const found = await block();
      if (found === null) throw new Error("The stream ended");
      const event = parseEvent(found);
      if (event !== null) return event;
    }
  };
  return {
    response,
    next,
    end: async () => {
      try {
        while ((await block()) !== null);
        return "done";
      } catch {
        return "broken";
      }
    },
    leave: () => abort.abort(),
  };
}

/** The event in a block of lines; null if there is only a comment. */
function parseEvent(block: string): ServerSentEvent | null {
  const data: string[] = [];
  let type = "message";
  let id = "";
  for (const line of block.split(/\r\n|\r|\n/)) {
    if (line.startsWith(":")) continue;
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") data.push(value);
    else if (name === "event") type = value;
    else if (name === "id") id = value;
    else throw new Error(`The broker sent the field ${JSON.stringify(name)}`);
  }
  return data.length === 0 ? null : { type, data: data.join("\n"), id };
}
