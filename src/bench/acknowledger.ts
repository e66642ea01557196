import type { BenchClient } from "./bench_client.ts";
import { HeaderFinder } from "./header_finder.ts";
import { OutBuffer } from "./out_buffer.ts";
import { StreamError } from "./pieces.ts";

const TAIL = "\n\n\0";

/** Collects ACK frames of one subscription, to leave in one write. */
export class Acknowledger {
  readonly #client: BenchClient;
  readonly #finder: HeaderFinder;
  readonly #header: string;
  readonly #head: string;
  readonly #out = new OutBuffer();
  /** An ACK frame as it has to be written, for ids of the length of the last one. */
  #template: Uint8Array = new Uint8Array(0);
  #idLength = -1;

  /** Throws where the protocol acknowledges nothing. */
  constructor(client: BenchClient, subscription: string) {
    const { ack } = client;
    if (ack === undefined) throw new Error("Cannot acknowledge: the protocol has no such thing");
    this.#client = client;
    this.#header = ack.header;
    this.#finder = new HeaderFinder(ack.header);
    this.#head = ack.head(subscription);
  }

  /**
   * Adds the message at which the scanner stands.
   *
   * @throws StreamError if the message does not say by what it is acknowledged
   */
  add(): void {
    const { scanner } = this.#client;
    const finder = this.#finder;
    if (!finder.find(scanner)) throw new StreamError(`sent a MESSAGE without "${this.#header}"`);
    const { valueStart, valueEnd } = finder;
    const idLength = valueEnd - valueStart;
    if (idLength !== this.#idLength) {
      this.#idLength = idLength;
      this.#template = this.#client.wrap(`${this.#head}${"-".repeat(idLength)}${TAIL}`);
    }
    this.#out.add(this.#template);
    const { bytes, length } = this.#out;
    let at = length - TAIL.length - idLength;
    for (let from = valueStart; from < valueEnd; from++) bytes[at++] = scanner.bytes[from] ?? 0;
  }

  /** Forgets what was added: a later message stands for those before it, too. */
  clear(): void {
    this.#out.clear();
  }

  /** Writes what was added. */
  flush(): void {
    this.#out.flush(this.#client);
  }
}
