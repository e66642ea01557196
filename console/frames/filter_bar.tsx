import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { FilterField } from "../ui/filter_field.tsx";
import { asksFor, type FrameQuery, toggleValue } from "./frame_query.ts";

/** Filters at the press of a button: what people look for most. */
const CHIPS = [
  { key: "direction", value: "in", title: "From clients" },
  { key: "direction", value: "out", title: "To clients" },
  { key: "command", value: "SEND", title: "SEND" },
  { key: "command", value: "MESSAGE", title: "MESSAGE" },
  { key: "command", value: "SUBSCRIBE", title: "SUBSCRIBE" },
  { key: "command", value: "ACK", title: "ACK" },
  { key: "command", value: "NACK", title: "NACK" },
  { key: "command", value: "CONNECT", title: "CONNECT" },
  { key: "command", value: "ERROR", title: "ERROR" },
] as const;

const WORDS = [
  ["connection:3", "frames of that connection; 3,4 for several"],
  ["direction:in", "from clients; out: to clients"],
  ["command:SEND,ACK", "one of these commands"],
  ["dest:/queue/*", "the destination; * stands for anything, =/queue/a is exactly that"],
  ["header:x", "has that header; header:x=1 with that value"],
  ["message:ID", "everything about one message"],
  ['hello "two words"', "text in headers and bodies, upper case or lower"],
  ["-command:SEND", "a minus turns a word round"],
] as const;

/** The filter as a text, with buttons for its most frequent words and an explanation of all. */
export function FilterBar(props: {
  readonly filter: string;
  readonly query: FrameQuery;
  readonly onFilter: (filter: string) => void;
  /** Then it makes room for that, where there is little. */
  readonly isBesidePanel: boolean;
}): JSX.Element {
  const { filter, query, onFilter, isBesidePanel } = props;
  const [isHelpOpen, setHelpOpen] = useState(false);
  const helpId = useId();
  return (
    <div class={isBesidePanel ? "filter-bar has-panel" : "filter-bar"}>
      <div class="filter-line">
        <FilterField
          label="Filter: command:SEND dest:/queue/* text"
          value={filter}
          onChange={onFilter}
        />
        <button
          type="button"
          class="small"
          aria-expanded={isHelpOpen}
          aria-controls={helpId}
          onClick={() => setHelpOpen(!isHelpOpen)}
        >
          Words
        </button>
      </div>
      <dl id={helpId} class="filter-help" hidden={!isHelpOpen}>
        {WORDS.map(([word, meaning]) => (
          <div key={word}>
            <dt>
              <code>{word}</code>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <div class="chips" role="group" aria-label="Frequent filters">
        {CHIPS.map(({ key, value, title }) => (
          <button
            key={title}
            type="button"
            class="chip"
            aria-pressed={asksFor(query, key, value)}
            onClick={() => onFilter(toggleValue(filter, { key, value }))}
          >
            {title}
          </button>
        ))}
      </div>
      <p class="problem" role="status">
        {query.mistakes.join(". ")}
      </p>
    </div>
  );
}
