import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** A field that narrows a list down while one types. */
export interface FilterFieldProps {
  /** What it says while it is empty, and to those who cannot see it. */
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

const PAUSE_MS = 150;

/** See {@link FilterFieldProps}. It tells after a short pause, so that not every letter asks the broker. */
export function FilterField({ label, value, onChange }: FilterFieldProps): JSX.Element {
  const [text, setText] = useState(value);
  const told = useRef(value);
  // The one of the moment when it is called: the page may have gone on since the last letter.
  const tell = useRef(onChange);
  tell.current = onChange;
  useEffect(() => {
    // Changed from elsewhere, as by the back button.
    if (value !== told.current) setText(value);
    told.current = value;
  }, [value]);
  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      tell.current(text);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <input
      class="filter"
      type="search"
      aria-label={label}
      placeholder={label}
      maxLength={256}
      autocomplete="off"
      spellcheck={false}
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
    />
  );
}
