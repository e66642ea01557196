import type { ComponentChildren } from "preact";
import type { RouteParams } from "../route.ts";

/** What every list of destinations is given. */
export interface ListProps {
  readonly filter: string;
  readonly params: RouteParams;
  /** Goes on with some params changed. */
  readonly go: (changes: RouteParams, options?: { readonly replace?: boolean }) => void;
  /** Shown when there is nothing. */
  readonly empty: ComponentChildren;
}
