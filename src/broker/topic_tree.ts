import { isWildcard, REST_WILDCARDS } from "./destination.ts";

/** Where a value hangs in the tree; what `add` gave and `remove` takes. */
export interface Binding<T> {
  readonly value: T;
  readonly pattern: string;
  readonly list: Binding<T>[];
  index: number;
}

/**
 * Values by pattern, found by name. A pattern without wildcards is one look
 * into a map, whatever the number of subscriptions; the others hang in a tree
 * by segment, where `*` is one segment and `>`, `#`, `**` are zero or more and
 * may stand anywhere. `.` and `/` both end a segment and are part of it.
 */
export class TopicTree<T> {
  readonly #exact = new Map<string, Binding<T>[]>();
  readonly #root = new TreeNode<T>(false);
  #patterns = 0;
  #round = 0;

  /** Distinct patterns that have a value. */
  get size(): number {
    return this.#exact.size + this.#patterns;
  }

  /** Every pattern that has values, with the values. */
  *entries(): Iterable<{ readonly pattern: string; readonly values: readonly T[] }> {
    for (const [pattern, list] of this.#exact) {
      yield { pattern, values: list.map(({ value }) => value) };
    }
    const nodes: TreeNode<T>[] = [this.#root];
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      const [first] = node.values;
      if (first !== undefined) {
        yield { pattern: first.pattern, values: node.values.map(({ value }) => value) };
      }
      for (const children of [node.literals, node.ones, node.rests]) {
        if (children !== undefined) nodes.push(...children.values());
      }
    }
  }

  /** Whether a value hangs at exactly this pattern. */
  has(pattern: string): boolean {
    if (this.#exact.has(pattern)) return true;
    const node = this.#find(pattern, false);
    return node !== undefined && node.values.length > 0;
  }

  /** Hangs a value at a pattern. The same value may hang at several. */
  add(pattern: string, value: T): Binding<T> {
    const list = this.#listFor(pattern);
    // Thousands may hang at one pattern, each with a text of its own for it.
    const binding = { value, pattern: list[0]?.pattern ?? pattern, list, index: list.length };
    list.push(binding);
    return binding;
  }

  /** Takes a value off. Doing so twice does nothing. */
  remove(binding: Binding<T>): void {
    const { list, index, pattern } = binding;
    if (list[index] !== binding) return;
    const last = list.pop();
    if (last !== undefined && last !== binding) {
      list[index] = last;
      last.index = index;
    }
    if (list.length > 0) return;
    if (!this.#exact.delete(pattern)) {
      this.#patterns--;
      prune(this.#root, tokensOf(pattern), 0);
    }
  }

  /**
   * Every binding whose pattern covers the name, once. Good until the next
   * `add` or `remove`: where one list has them all it is that list itself, not a copy.
   */
  match(name: string): readonly Binding<T>[] {
    const exact = this.#exact.get(name) ?? NONE;
    if (this.#patterns === 0) return exact;
    const walk = new Walk<T>(tokensOf(name), ++this.#round);
    walk.step(this.#root, 0);
    const [first] = walk.found;
    if (first === undefined) return exact;
    if (exact.length === 0 && walk.found.length === 1) return first.values;
    const all = [...exact];
    for (const { values } of walk.found) for (const each of values) all.push(each);
    return all;
  }

  #listFor(pattern: string): Binding<T>[] {
    const tokens = tokensOf(pattern);
    if (!tokens.some((token) => isWildcard(token.segment))) {
      let list = this.#exact.get(pattern);
      if (list === undefined) {
        list = [];
        this.#exact.set(pattern, list);
      }
      return list;
    }
    const node = this.#find(pattern, true) as TreeNode<T>;
    if (node.values.length === 0) this.#patterns++;
    return node.values;
  }

  #find(pattern: string, create: boolean): TreeNode<T> | undefined {
    let node: TreeNode<T> = this.#root;
    for (const token of tokensOf(pattern)) {
      const child = node.child(token, create);
      if (child === undefined) return undefined;
      node = child;
    }
    return node;
  }
}

const NONE: readonly never[] = [];

/** A segment and the separator in front of it; none for the first. */
interface Token {
  readonly separator: Separator;
  readonly segment: string;
}

/** Separators that may stand in front of a segment; none in front of the first. */
type Separator = "" | "." | "/";

class TreeNode<T> {
  /** By separator and segment. */
  readonly literals = new Map<string, TreeNode<T>>();
  /** By separator: any one segment, any number of segments. */
  ones: Map<Separator, TreeNode<T>> | undefined = undefined;
  rests: Map<Separator, TreeNode<T>> | undefined = undefined;
  readonly values: Binding<T>[] = [];
  /** The round that found this node last, so that each value is visited once. */
  foundIn = 0;
  /** Set at and below a rest wildcard, where one node can be reached with several tokens left. */
  readonly belowRest: boolean;
  /** The round that walked here last, and with which tokens next, a bit each: nothing is walked twice. */
  walkedIn = 0;
  walkedLow = 0;
  walkedHigh = 0;
  walkedAtEnd = false;
  /** In that round, the token from which on all were walked: what stands for many goes on from each. */
  walkedFrom = 0;

  constructor(belowRest: boolean) {
    this.belowRest = belowRest;
  }

  get isEmpty(): boolean {
    return (
      this.values.length === 0 &&
      this.literals.size === 0 &&
      this.ones === undefined &&
      this.rests === undefined
    );
  }

  /** The child that a token of a pattern leads to, made if it is not there and `create` says so. */
  child(token: Token, create: boolean): TreeNode<T> | undefined {
    const { separator, segment } = token;
    const isRest = REST_WILDCARDS.has(segment);
    const make = (): TreeNode<T> => new TreeNode<T>(this.belowRest || isRest);
    if (isRest) {
      if (create) this.rests ??= new Map();
      return childIn(this.rests, separator, create ? make : undefined);
    }
    if (segment === "*") {
      if (create) this.ones ??= new Map();
      return childIn(this.ones, separator, create ? make : undefined);
    }
    return childIn(this.literals, separator + segment, create ? make : undefined);
  }

  /** Takes the child of a token off. */
  remove({ separator, segment }: Token): void {
    if (REST_WILDCARDS.has(segment)) {
      this.rests?.delete(separator);
      if (this.rests?.size === 0) this.rests = undefined;
    } else if (segment === "*") {
      this.ones?.delete(separator);
      if (this.ones?.size === 0) this.ones = undefined;
    } else {
      this.literals.delete(separator + segment);
    }
  }
}

function childIn<K, T>(
  children: Map<K, TreeNode<T>> | undefined,
  key: K,
  make: (() => TreeNode<T>) | undefined,
): TreeNode<T> | undefined {
  const child = children?.get(key);
  if (child !== undefined || make === undefined) return child;
  const made = make();
  children?.set(key, made);
  return made;
}

function tokensOf(name: string): readonly Token[] {
  const tokens: Token[] = [];
  let from = 0;
  let separator: Separator = "";
  for (let i = 0; i <= name.length; i++) {
    const character = i === name.length ? "/" : name[i];
    if (character !== "." && character !== "/") continue;
    tokens.push({ separator, segment: name.slice(from, i) });
    separator = character;
    from = i + 1;
  }
  return tokens;
}

const ANY_SEPARATOR: readonly Separator[] = ["", ".", "/"];
const ONLY: Readonly<Record<Separator, readonly Separator[]>> = {
  "": [""],
  ".": ["."],
  "/": ["/"],
};

/** One look through the tree for the nodes whose pattern covers a name. */
class Walk<T> {
  readonly found: TreeNode<T>[] = [];
  readonly #tokens: readonly Token[];
  readonly #round: number;

  constructor(tokens: readonly Token[], round: number) {
    this.#tokens = tokens;
    this.#round = round;
  }

  /** Goes on from a node with the token at `at` as the next. */
  step(node: TreeNode<T>, at: number): void {
    if (node.belowRest && this.#beenHere(node, at)) return;
    const token = this.#tokens[at];
    if (token === undefined) {
      if (node.values.length > 0 && node.foundIn !== this.#round) {
        node.foundIn = this.#round;
        this.found.push(node);
      }
    } else {
      // Behind a rest wildcard that stands for nothing, the first segment may meet any separator.
      const separators = at === 0 && node.belowRest ? ANY_SEPARATOR : ONLY[token.separator];
      for (const separator of separators) {
        const literal = node.literals.get(separator + token.segment);
        if (literal !== undefined) this.step(literal, at + 1);
        const one = node.ones?.get(separator);
        if (one !== undefined) this.step(one, at + 1);
      }
    }
    if (node.rests !== undefined) this.#stepRests(node.rests, at);
  }

  #stepRests(rests: ReadonlyMap<Separator, TreeNode<T>>, at: number): void {
    const token = this.#tokens[at];
    for (const [separator, rest] of rests) {
      this.step(rest, at);
      if (token === undefined || (at > 0 && token.separator !== separator)) continue;
      // It has taken one segment: any number more will do.
      const walkedFrom = rest.walkedFrom;
      rest.walkedFrom = Math.min(walkedFrom, at + 1);
      for (let next = at + 1; next < walkedFrom; next++) this.step(rest, next);
    }
  }

  #beenHere(node: TreeNode<T>, at: number): boolean {
    if (node.walkedIn !== this.#round) {
      node.walkedIn = this.#round;
      node.walkedLow = node.walkedHigh = 0;
      node.walkedAtEnd = false;
      node.walkedFrom = this.#tokens.length + 1;
    }
    if (at >= this.#tokens.length) {
      const been = node.walkedAtEnd;
      node.walkedAtEnd = true;
      return been;
    }
    const bit = 1 << (at & 31);
    const been = ((at < 32 ? node.walkedLow : node.walkedHigh) & bit) !== 0;
    if (at < 32) node.walkedLow |= bit;
    else node.walkedHigh |= bit;
    return been;
  }
}

function prune<T>(node: TreeNode<T>, tokens: readonly Token[], at: number): void {
  const token = tokens[at];
  if (token === undefined) return;
  const child = node.child(token, false);
  if (child === undefined) return;
  prune(child, tokens, at + 1);
  if (child.isEmpty) node.remove(token);
}
