import { useEffect, useState } from "preact/hooks";

/** Colours of the stylesheet, for what is drawn and not styled. */
export interface Colours {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
  readonly in: string;
  readonly out: string;
  readonly bad: string;
}

const NAMES = ["ink", "quiet", "line", "accent", "in", "out", "bad"] as const;

/** The colours in force, as the system turns from light to dark. */
export function useColours(): Colours {
  const [colours, setColours] = useState(readColours);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const onChange = (): void => setColours(readColours());
    dark.addEventListener("change", onChange);
    return () => dark.removeEventListener("change", onChange);
  }, []);
  return colours;
}

function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const [ink, quiet, line, accent, inward, outward, bad] = NAMES.map((name) =>
    style.getPropertyValue(`--${name}`).trim(),
  );
  const plain = "#888888";
  return {
    ink: ink ?? plain,
    quiet: quiet ?? plain,
    line: line ?? plain,
    accent: accent ?? plain,
    in: inward ?? plain,
    out: outward ?? plain,
    bad: bad ?? plain,
  };
}
