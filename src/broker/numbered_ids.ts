/** `000` to `999`, once some id needs them. */
const THREE_DIGITS: string[] = [];
/** More digits no number has that counts something here. */
const DIGITS_MAX = 16;
const ZERO = 48;

/**
 * Ids that are a prefix and a number, which mostly is the one after the last:
 * of messages, and of deliveries that are to be acknowledged.
 *
 * They are put together of ready pieces: to write a number out is a tenth of
 * what a small message costs in all.
 */
export class NumberedIds {
  readonly #prefix: string;
  /** Thousands of the latest number, and what the ids of all these thousand begin with. */
  #thousands = 0;
  #begin = "";

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The id of a number from 1 on. */
  of(number: number): string {
    if (number < 1000) return this.#prefix + String(number);
    const low = number % 1000;
    const thousands = (number - low) / 1000;
    if (thousands !== this.#thousands) {
      if (THREE_DIGITS.length === 0) fillThreeDigits();
      this.#thousands = thousands;
      this.#begin = this.#prefix + String(thousands);
    }
    return this.#begin + THREE_DIGITS[low];
  }

  /** The number of an id, or undefined for any other text. */
  numberOf(id: string): number | undefined {
    const from = this.#prefix.length;
    const { length } = id;
    if (length === from || length - from > DIGITS_MAX || !id.startsWith(this.#prefix)) {
      return undefined;
    }
    let number = 0;
    for (let at = from; at < length; at++) {
      const digit = id.charCodeAt(at) - ZERO;
      // A number is written in one way, without a zero in front.
      if (digit < 0 || digit > 9 || (digit === 0 && at === from)) return undefined;
      number = number * 10 + digit;
    }
    return number;
  }
}

function fillThreeDigits(): void {
  for (let number = 0; number < 1000; number++) {
    THREE_DIGITS.push(String(number).padStart(3, "0"));
  }
}
