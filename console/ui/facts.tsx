import type { ComponentChildren, JSX } from "preact";

/** A fact about a thing: what it is called, what it is, and what that means. */
export interface Fact {
  readonly title: string;
  readonly value: ComponentChildren;
  readonly hint?: string;
}

/** Facts about one thing, below each other. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(({ title, value, hint }) => (
        <div key={title}>
          <dt title={hint}>{title}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
