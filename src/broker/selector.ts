import { Fault } from "../fault.ts";
import { compileCondition } from "./selector_compiler.ts";
import { headerReader, type Operand, type Read, type SelectorMessage } from "./selector_operand.ts";
import { parseSelector, type SelectorLimits } from "./selector_parser.ts";

export type { SelectorMessage } from "./selector_operand.ts";
export type { SelectorLimits } from "./selector_parser.ts";

/** A compiled selector. */
export interface Selector {
  /** As the client wrote it. */
  readonly text: string;
  /**
   * Whether the answer may differ from one delivery to the next. Where it is
   * false, a message may be asked about once and without `deliveryCount`.
   */
  readonly readsDeliveryCount: boolean;
  /** Whether it is true of a message; neither false nor unknown selects. Never throws. */
  matches(message: SelectorMessage): boolean;
}

/** The bounds of selectors unless others are given. */
export const SELECTOR_LIMITS: SelectorLimits = { charactersMax: 8_192, depthMax: 64, inMax: 1_000 };

/**
 * Switches of other brokers. Conversion is always on here; the last word on
 * hyphens in names counts.
 */
const PREFIXES = [
  "convert_string_expressions:",
  "hyphenated_props:",
  "no_convert_string_expressions:",
  "no_hyphenated_props:",
] as const;

/**
 * The names that JMS has for what STOMP has headers for, and for what the
 * broker knows of a message. In double quotes they are names of headers.
 */
const JMS_NAMES: ReadonlyMap<string, Operand> = new Map<string, Operand>([
  ["JMSMessageID", { kind: "text", read: (message) => message.id }],
  ["JMSPriority", { kind: "number", read: (message) => message.priority }],
  ["JMSExpiration", { kind: "number", read: (message) => message.expiresAt }],
  [
    "JMSDeliveryMode",
    { kind: "text", read: (message) => (message.persistent ? "PERSISTENT" : "NON_PERSISTENT") },
  ],
  ["JMSRedelivered", { kind: "boolean", read: (message) => deliveryCount(message) > 1 }],
  ["JMSXDeliveryCount", { kind: "number", read: deliveryCount }],
  ["JMSCorrelationID", { kind: "header", read: headerReader("correlation-id") }],
  ["JMSDestination", { kind: "header", read: headerReader("destination") }],
  ["JMSReplyTo", { kind: "header", read: headerReader("reply-to") }],
  ["JMSTimestamp", { kind: "header", read: headerReader("timestamp") }],
  ["JMSType", { kind: "header", read: headerReader("type") }],
  ["JMSXGroupID", { kind: "header", read: groupReader() }],
]);

const OF_DELIVERY: ReadonlySet<string> = new Set(["JMSRedelivered", "JMSXDeliveryCount"]);

function deliveryCount(message: SelectorMessage): number {
  return message.deliveryCount ?? 1;
}

function groupReader(): Read<string> {
  const ours = headerReader("JMSXGroupID");
  const other = headerReader("message_group");
  return (message) => ours(message) ?? other(message);
}

/**
 * Compiles a selector of JMS 2.0 section 3.8 to a predicate. One that is blank
 * selects everything. Headers are texts and are converted where they meet a
 * number or a boolean; a missing one is unknown, as in SQL. The prefixes that
 * other brokers know are accepted; with `hyphenated_props:` a name may have
 * hyphens without double quotes.
 *
 * @throws Fault `bad-selector` that shows the place of the mistake
 */
export function compileSelector(text: string, options: Partial<SelectorLimits> = {}): Selector {
  const {
    charactersMax = SELECTOR_LIMITS.charactersMax,
    depthMax = SELECTOR_LIMITS.depthMax,
    inMax = SELECTOR_LIMITS.inMax,
  } = options;
  if (text.length > charactersMax) {
    throw new Fault(
      "bad-selector",
      `Cannot read selector of ${text.length} characters: expected at most ${charactersMax}`,
    );
  }
  const limits = { charactersMax, depthMax, inMax };
  const node = parseSelector(text, { ...readPrefixes(text), limits });
  if (node === undefined) return { text, readsDeliveryCount: false, matches: () => true };
  let readsDeliveryCount = false;
  const test = compileCondition(
    {
      text,
      nameOf: ({ name, quoted }) => {
        const known = quoted ? undefined : JMS_NAMES.get(name);
        if (known === undefined) return { kind: "header", read: headerReader(name) };
        if (OF_DELIVERY.has(name)) readsDeliveryCount = true;
        return known;
      },
    },
    node,
  );
  return { text, readsDeliveryCount, matches: (message) => test(message) === true };
}

function readPrefixes(text: string): { readonly from: number; readonly hyphenated: boolean } {
  let from = 0;
  let hyphenated = false;
  for (;;) {
    while (text[from] === " ") from++;
    const prefix = PREFIXES.find((each) => text.startsWith(each, from));
    if (prefix === undefined) return { from, hyphenated };
    if (prefix === "hyphenated_props:") hyphenated = true;
    else if (prefix === "no_hyphenated_props:") hyphenated = false;
    from += prefix.length;
  }
}

/** Compiled selectors by their text, the least recently used forgotten first. */
export interface SelectorCache {
  /** Selectors that are kept. */
  readonly size: number;
  /**
   * The selector of a text, compiled if it is not kept.
   *
   * @throws Fault `bad-selector`; mistakes are not kept
   */
  compile(text: string): Selector;
}

/** Bounds of a cache beside the number of selectors. */
export interface SelectorCacheOptions {
  /** UTF-16 code units of all texts together; what a selector takes grows with its text. */
  readonly textMax?: number;
  readonly limits?: Partial<SelectorLimits>;
}

const CACHED_TEXT_MAX = 262_144;

/** A cache of at most `max` selectors. */
export function createSelectorCache(
  max: number,
  options: SelectorCacheOptions = {},
): SelectorCache {
  const { textMax = CACHED_TEXT_MAX, limits } = options;
  const kept = new Map<string, Selector>();
  let characters = 0;
  const makeRoom = (): void => {
    // A map is in the order of insertion, which is that of use.
    for (const text of kept.keys()) {
      if (kept.size <= max && characters <= textMax) return;
      kept.delete(text);
      characters -= text.length;
    }
  };
  return {
    get size() {
      return kept.size;
    },
    compile: (text) => {
      const known = kept.get(text);
      const selector = known ?? compileSelector(text, limits);
      if (known === undefined) characters += text.length;
      else kept.delete(text);
      kept.set(text, selector);
      makeRoom();
      return selector;
    },
  };
}
