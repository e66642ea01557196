/** What a roster knows of a member. */
interface Numbered {
  /** Greater than that of all who came before. */
  readonly number: number;
}

/**
 * Members in the order of their numbers. Takes what an array does: a place in a
 * map takes ten times as much, and every connection has one.
 */
export class Roster<Member extends Numbered> {
  /** In order; undefined where one has left. */
  #places: (Member | undefined)[] = [];
  /** The numbers, which stay in order where one has left. */
  #numbers: number[] = [];
  #size = 0;

  /** Members there are. */
  get size(): number {
    return this.#size;
  }

  /** Adds one, whose number is the greatest so far. */
  add(member: Member): void {
    this.#places.push(member);
    this.#numbers.push(member.number);
    this.#size++;
  }

  /** Takes one off. Returns whether it was there. */
  delete(member: Member): boolean {
    const at = this.#firstFrom(member.number);
    if (this.#places[at] !== member) return false;
    this.#places[at] = undefined;
    this.#size--;
    if (this.#size * 2 < this.#places.length) this.#close();
    return true;
  }

  /** The member of that number, or undefined. */
  find(number: number): Member | undefined {
    const at = this.#firstFrom(number);
    return this.#numbers[at] === number ? this.#places[at] : undefined;
  }

  /** All of them in order; those that come or leave meanwhile, too, as a map would have it. */
  *[Symbol.iterator](): Generator<Member> {
    let places = this.#places;
    for (let at = 0; at < this.#places.length; at++) {
      const member = this.#places[at];
      if (member === undefined) continue;
      yield member;
      if (places === this.#places) continue;
      places = this.#places;
      at = this.#firstFrom(member.number + 1) - 1;
    }
  }

  /** Where the first place is whose number is not less. */
  #firstFrom(number: number): number {
    const numbers = this.#numbers;
    let from = 0;
    let to = numbers.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((numbers[middle] as number) < number) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Closes the gaps. */
  #close(): void {
    this.#places = this.#places.filter((member) => member !== undefined);
    this.#numbers = this.#places.map((member) => member?.number ?? 0);
  }
}
