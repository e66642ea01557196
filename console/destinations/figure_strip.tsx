import type { JSX } from "preact";

/** A number with its name, and what it is to be compared with. */
export interface Figure {
  readonly title: string;
  /** Undefined while it is not known. */
  readonly value: string | undefined;
  readonly note?: string | undefined;
}

/** Some figures of one thing, side by side. */
export function FigureStrip({ figures }: { readonly figures: readonly Figure[] }): JSX.Element {
  return (
    <dl class="figures with-notes list-only">
      {figures.map(({ title, value, note }) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{value ?? "–"}</dd>
          <dd class="figure-note muted">{note}</dd>
        </div>
      ))}
    </dl>
  );
}
