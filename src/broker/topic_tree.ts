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

  /** Whether a value hangs at exactly this pattern. */
  has(pattern: string): boolean {
    if (this.#exact.has(pattern)) return true;
    const node = this.#find(pattern, false);
    return node !== undefined && node.values.length > 0;
  }

  /** Hangs a value at a pattern. The same value may hang at several. */
  add(pattern: string, value: T): Binding<T> {
    const list = this.#listFor(pattern);
    const binding = { value, pattern, list, index: list.length };
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

  /** Calls `visit` once for each value whose pattern covers the name. */
  match(name: string, visit: (value: T) => void): void {
    const exact = this.#exact.get(name);
    if (exact !== undefined) {
      for (let i = 0; i < exact.length; i++) visit((exact[i] as Binding<T>).value);
    }
    if (this.#patterns === 0) return;
    const found: TreeNode<T>[] = [];
    this.#round++;
    walk(this.#root, { tokens: tokensOf(name), at: 0, round: this.#round, found });
    for (const node of found) {
      for (let i = 0; i < node.values.length; i++) visit((node.values[i] as Binding<T>).value);
    }
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
    let node: TreeNode<T> | undefined = this.#root;
    for (const token of tokensOf(pattern)) {
      const key = keyOf(token);
      let child: TreeNode<T> | undefined = node.children.get(key);
      if (child === undefined) {
        if (!create) return undefined;
        child = new TreeNode<T>(node.belowRest || REST_WILDCARDS.has(token.segment));
        node.children.set(key, child);
      }
      node = child;
    }
    return node;
  }
}

/** A segment and the separator in front of it; none for the first. */
interface Token {
  readonly separator: string;
  readonly segment: string;
}

class TreeNode<T> {
  /** By separator and segment; all rest wildcards share one key. */
  readonly children = new Map<string, TreeNode<T>>();
  readonly values: Binding<T>[] = [];
  /** The round that found this node last, so that each value is visited once. */
  foundIn = 0;
  /** Set at and below a rest wildcard, where one node can be reached with several tokens left. */
  readonly belowRest: boolean;
  /** The round that walked here last, and with which tokens next: nothing is walked twice. */
  walkedIn = 0;
  readonly walkedAt = new Set<number>();

  constructor(belowRest: boolean) {
    this.belowRest = belowRest;
  }
}

interface Walk<T> {
  readonly tokens: readonly Token[];
  readonly at: number;
  readonly round: number;
  readonly found: TreeNode<T>[];
}

const REST = ">";

function tokensOf(name: string): readonly Token[] {
  const tokens: Token[] = [];
  let from = 0;
  let separator = "";
  for (let i = 0; i <= name.length; i++) {
    const character = i === name.length ? "/" : name[i];
    if (character !== "." && character !== "/") continue;
    tokens.push({ separator, segment: name.slice(from, i) });
    separator = character;
    from = i + 1;
  }
  return tokens;
}

function keyOf(token: Token): string {
  return token.separator + (REST_WILDCARDS.has(token.segment) ? REST : token.segment);
}

/** Separators that a pattern may have in front of a segment. The first has none to compare. */
function separatorsFor(token: Token, at: number): readonly string[] {
  return at === 0 ? ["", ".", "/"] : [token.separator];
}

function walk<T>(node: TreeNode<T>, step: Walk<T>): void {
  const { tokens, at, round, found } = step;
  if (node.belowRest) {
    if (node.walkedIn !== round) {
      node.walkedIn = round;
      node.walkedAt.clear();
    }
    if (node.walkedAt.has(at)) return;
    node.walkedAt.add(at);
  }
  const token = tokens[at];
  if (token === undefined) {
    if (node.values.length > 0 && node.foundIn !== round) {
      node.foundIn = round;
      found.push(node);
    }
  } else {
    for (const separator of separatorsFor(token, at)) {
      const literal = node.children.get(separator + token.segment);
      if (literal !== undefined && !isWildcard(token.segment))
        walk(literal, { ...step, at: at + 1 });
      const one = node.children.get(`${separator}*`);
      if (one !== undefined) walk(one, { ...step, at: at + 1 });
    }
  }
  for (const separator of ["", ".", "/"]) {
    const rest = node.children.get(separator + REST);
    if (rest === undefined) continue;
    walk(rest, step);
    if (token === undefined || !separatorsFor(token, at).includes(separator)) continue;
    // It has taken one segment: any number more will do.
    for (let next = at + 1; next <= tokens.length; next++) walk(rest, { ...step, at: next });
  }
}

function prune<T>(node: TreeNode<T>, tokens: readonly Token[], at: number): void {
  const token = tokens[at];
  if (token === undefined) return;
  const key = keyOf(token);
  const child = node.children.get(key);
  if (child === undefined) return;
  prune(child, tokens, at + 1);
  if (child.values.length === 0 && child.children.size === 0) node.children.delete(key);
}
