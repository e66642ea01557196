import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { formatCount } from "./format.ts";

/** One of several views, which has an address. */
export interface LinkTab {
  readonly id: string;
  readonly href: string;
  readonly title: string;
  /** How much there is of it; undefined before that is known. */
  readonly count: number | undefined;
  /** Whether there had better be none. */
  readonly isBad?: boolean;
}

/** Links to several views of the same thing, in a row that scrolls where it is narrow. */
export interface LinkTabsProps {
  readonly label: string;
  readonly tabs: readonly LinkTab[];
  readonly chosen: string;
  readonly class?: string;
}

/** See {@link LinkTabsProps}. The chosen one is always in sight. */
export function LinkTabs(props: LinkTabsProps): JSX.Element {
  const { label, tabs, chosen } = props;
  const isKnown = tabs.every(({ count }) => count !== undefined);
  const nav = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    nav.current
      ?.querySelector("[aria-current]")
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
    // Its number makes it wider.
  }, [chosen, isKnown]);
  return (
    <nav ref={nav} class={`tab-list ${props.class ?? ""}`} aria-label={label}>
      {tabs.map(({ id, href, title, count, isBad = false }) => (
        <a key={id} href={href} aria-current={id === chosen ? "true" : undefined}>
          {title}{" "}
          <span class={isBad && count !== undefined && count > 0 ? "tag bad count" : "tag count"}>
            {count === undefined ? "–" : formatCount(count)}
          </span>
        </a>
      ))}
    </nav>
  );
}
