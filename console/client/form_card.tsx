import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { createStore } from "../ui/store.ts";
import { useStore } from "../ui/use_store.ts";

/** A part of what is to be filled in. */
export type FormName = "connection" | "subscribe" | "send" | "transactions";

/** From this width on there is room for all of them. */
const isWide = matchMedia("(min-width: 40rem)").matches;

/** Where it is narrow, what comes would be far below them: then only the first thing to do is unfolded. */
const unfolded = createStore<Readonly<Record<FormName, boolean>>>({
  connection: true,
  subscribe: isWide,
  send: isWide,
  transactions: isWide,
});

/** Shows a form, or its title alone. */
export function unfold(name: FormName, isOpen = true): void {
  if (unfolded.get()[name] !== isOpen) unfolded.set({ ...unfolded.get(), [name]: isOpen });
}

/** A form that can be folded to its title. */
export function FormCard(props: {
  readonly name: FormName;
  readonly title: string;
  /** Seen also while it is folded. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { name, title, aside, children } = props;
  const id = useId();
  const isOpen = useStore(unfolded)[name];
  return (
    <section class="card client-card" aria-labelledby={id}>
      <details open={isOpen} onToggle={(event) => unfold(name, event.currentTarget.open)}>
        <summary class="row">
          <h2 id={id}>{title}</h2>
          {aside}
        </summary>
        <div class="client-card-body">{children}</div>
      </details>
    </section>
  );
}
