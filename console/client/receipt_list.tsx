import type { JSX } from "preact";
import { formatClock, formatMs } from "../ui/format.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import type { AskedReceipt } from "./client_state.ts";
import { FrameInWords } from "./frame_words.tsx";

/** The receipts that were asked for, the newest first, and what became of them. */
export function ReceiptList(props: { readonly receipts: readonly AskedReceipt[] }): JSX.Element {
  const { receipts } = props;
  if (receipts.length === 0) {
    return (
      <div class="client-none empty">
        <h2>No receipts</h2>
        <p>Tick “With receipt” when you send, and the broker says when it has the message.</p>
      </div>
    );
  }
  return (
    <ul class="client-items client-receipts" tabIndex={0} aria-label="Receipts">
      {receipts.toReversed().map((receipt, index) => (
        <li key={receipts.length - index}>
          <div>
            <b>
              <VisibleText text={receipt.id} max={80} cut="end" />
            </b>
            <span class="muted">
              {formatClock(receipt.askedAt, { ms: true })} <FrameInWords words={receipt.of} />
            </span>
          </div>
          <span class={receipt.cameAt === undefined ? "tag wait" : "tag good"}>
            {outcomeOf(receipt)}
          </span>
        </li>
      ))}
    </ul>
  );
}

function outcomeOf({ askedAt, cameAt, isOpen }: AskedReceipt): string {
  if (cameAt !== undefined) return `came after ${formatMs(cameAt - askedAt)}`;
  return isOpen ? "waiting" : "never came";
}
