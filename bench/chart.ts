/** Bars as an SVG of its own colours, legible on light and dark pages alike. */

/** Bars of one scale. */
export interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** One bar: how long, and what is written beside it. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly shown: string;
  /** How much it stands out. */
  readonly kind: "own" | "ceiling" | "other";
}

const WIDTH = 760;
const MARGIN = 20;
const LABEL_WIDTH = 190;
const VALUE_WIDTH = 70;
const BAR_HEIGHT = 14;
const ROW_HEIGHT = 22;
const TITLE_HEIGHT = 34;
const HEAD_HEIGHT = 48;
const BAR_MIN = 1;

const STYLE = `
  .page { fill: #ffffff; stroke: #d8dee4 }
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .head { font-weight: 600; font-size: 15px }
  .title { font-weight: 600 }
  .label { text-anchor: end }
  .own { fill: #0969da }
  .ceiling { fill: #afb8c1 }
  .other { fill: #57606a }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #30363d }
    text { fill: #e6edf3 }
    .own { fill: #4493f8 }
    .ceiling { fill: #484f58 }
    .other { fill: #8b949e }
  }
`;

/** Draws panels one below the other; in each the longest bar takes all the width there is. */
export function chart(title: string, panels: readonly Panel[]): string {
  const parts: string[] = [];
  let y = MARGIN + HEAD_HEIGHT - ROW_HEIGHT;
  for (const panel of panels) {
    y += TITLE_HEIGHT - 8;
    parts.push(`<text class="title" x="${MARGIN}" y="${y}">${escapeText(panel.title)}</text>`);
    y += 8;
    const most = Math.max(...panel.bars.map(({ value }) => value));
    for (const bar of panel.bars) {
      parts.push(barAt(y, { bar, most }));
      y += ROW_HEIGHT;
    }
  }
  const height = y + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escapeText(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>`,
    `<text class="head" x="${MARGIN}" y="${MARGIN + 12}">${escapeText(title)}</text>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function barAt(y: number, { bar, most }: { readonly bar: Bar; readonly most: number }): string {
  const { label, value, shown, kind } = bar;
  const left = MARGIN + LABEL_WIDTH;
  const room = WIDTH - left - VALUE_WIDTH - MARGIN;
  const length = most > 0 ? Math.max(BAR_MIN, (value / most) * room) : BAR_MIN;
  const base = y + BAR_HEIGHT;
  return [
    `<text class="label" x="${left - 10}" y="${base - 2}">${escapeText(label)}</text>`,
    `<rect class="${kind}" x="${left}" y="${base - BAR_HEIGHT + 1}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
    `<text x="${(left + length + 8).toFixed(1)}" y="${base - 2}">${escapeText(shown)}</text>`,
  ].join("\n");
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
