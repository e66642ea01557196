/** Tells the pages of the static folder that it has changed: server-sent events of its own. */

import { EVENT_STREAM_HEADERS } from "../transport/http.ts";

/** What a page is told, as JSON; `static/reload.js` reads it. */
export interface ReloadNews {
  /** Names the state that the folder is in now. A page that came with another is out of date. */
  readonly build: string;
  /** The state before. */
  readonly from?: string;
  /** What differs between the two, if that is nothing but style sheets: paths below the folder. */
  readonly styles?: readonly string[];
}

/** Pages that may listen at once; one more takes the place of the one that listens longest. */
export const RELOAD_STREAMS_MAX = 256;
/** Style sheets that are named; when more have changed a page reloads as a whole. */
const STYLES_MAX = 64;
/** How soon a page asks again that lost its stream. */
const RETRY_MS = 500;

/**
 * The pages that listen for changes of the static folder. The state of the
 * folder has a name, its build, that no other run of a broker has; a page that
 * was away, even over a restart, sees by it that it is out of date.
 */
export class Reloads {
  readonly #run: string;
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #changes = 0;
  #latest: ReloadNews;
  #ended = false;

  /** `run` distinguishes this run of the broker from all others, URL-safe. */
  constructor(run: string) {
    this.#run = run;
    this.#latest = { build: this.#name() };
  }

  /** The state that the folder is in: letters, digits, `-` and `_`. */
  get build(): string {
    return this.#latest.build;
  }

  /** Pages that listen. */
  get size(): number {
    return this.#streams.size;
  }

  /** `paths` have changed, below the folder and with slashes; undefined when nobody can say which. */
  changed(paths: readonly string[] | undefined): void {
    const from = this.build;
    this.#changes++;
    const build = this.#name();
    const isStyle = paths !== undefined && paths.length > 0 && paths.length <= STYLES_MAX;
    this.#latest =
      isStyle && paths.every((path) => path.endsWith(".css"))
        ? { build, from, styles: paths }
        : { build, from };
    for (const stream of this.#streams) this.#tell(stream);
  }

  /** Answers a page that wants to listen: first the state there is, then each change. */
  respond(request: Request): Response {
    if (request.method !== "GET") {
      return new Response("Method not allowed: expected GET\n", {
        status: 405,
        headers: { allow: "GET", "content-type": "text/plain; charset=utf-8" },
      });
    }
    if (this.#ended) return new Response("Stopping\n", { status: 503 });
    let own: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          own = controller;
          this.#makeRoom();
          this.#streams.add(controller);
          controller.enqueue(encode(`retry: ${RETRY_MS}\n`));
          this.#tell(controller);
        },
        cancel: () => {
          if (own !== undefined) this.#streams.delete(own);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: STREAM_BYTES }),
    );
    return new Response(body, { headers: EVENT_STREAM_HEADERS });
  }

  /** The broker stops: nobody is told anything any more. */
  end(): void {
    this.#ended = true;
    for (const stream of this.#streams) this.#close(stream);
  }

  #name(): string {
    return `${this.#run}-${this.#changes}`;
  }

  #tell(stream: ReadableStreamDefaultController<Uint8Array>): void {
    // Whoever takes nothing any more comes back for the state when it does.
    if ((stream.desiredSize ?? 0) <= 0) this.#close(stream);
    else stream.enqueue(encode(`data: ${JSON.stringify(this.#latest)}\n\n`));
  }

  #makeRoom(): void {
    for (const stream of this.#streams) {
      if (this.#streams.size < RELOAD_STREAMS_MAX) return;
      this.#close(stream);
    }
  }

  #close(stream: ReadableStreamDefaultController<Uint8Array>): void {
    this.#streams.delete(stream);
    // One that broke has no size, and must not be closed.
    if (stream.desiredSize !== null) stream.close();
  }
}

/** What may wait for a page that does not read. */
const STREAM_BYTES = 64 * 1024;

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
