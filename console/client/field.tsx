import type { JSX } from "preact";
import { useId } from "preact/hooks";

/** A label, and the control that it is of, which must take the id that it is given. */
export function Field(props: {
  readonly label: string;
  readonly children: (field: { readonly id: string }) => JSX.Element;
}): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.children({ id })}
    </div>
  );
}
