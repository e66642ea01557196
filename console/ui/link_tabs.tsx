import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** One of several views, which has an address. */
export interface LinkTab {
  readonly id: string;
  readonly href: string;
  readonly title: ComponentChildren;
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
  const nav = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    nav.current
      ?.querySelector("[aria-current]")
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [chosen]);
  return (
    <nav ref={nav} class={`tab-list ${props.class ?? ""}`} aria-label={label}>
      {tabs.map(({ id, href, title }) => (
        <a key={id} href={href} aria-current={id === chosen ? "true" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}
