import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { FrameInfo } from "../../src/api/values.ts";
import { asApiError, callApi } from "../broker/api.ts";
import { brokerUrl, pagesRoot } from "../broker/this_broker.ts";
import { hrefTo } from "../route.ts";
import { copyText } from "../ui/copy_block.tsx";
import { showToast } from "../ui/toasts.tsx";
import {
  frameAsCommand,
  frameAsScript,
  frameAsText,
  frameBytesOf,
  headersToSend,
  missingParts,
} from "./copy_frame.ts";
import { headerOf } from "./frame_facts.ts";
import { messageIdOf } from "./journey.ts";
import { feed } from "./this_feed.ts";

const ADDRESSES = {
  url: brokerUrl,
  libraryUrl: new URL("vendor/stompjs-7/index.js", pagesRoot).href,
};

/** What can be done with a frame. */
export function FrameActions(props: {
  readonly frame: FrameInfo;
  readonly isFollowing: boolean;
  readonly onFollow: (isOn: boolean) => void;
}): JSX.Element {
  const { frame, isFollowing, onFollow } = props;
  const canFollow = useMemo(() => {
    const frames = feed.timeline.get().entries.map((entry) => entry.frame);
    return messageIdOf(frame, frames) !== undefined;
  }, [frame]);
  const { script, command, text } = useMemo(
    () => ({
      script: frameAsScript(frame, ADDRESSES),
      command: frameAsCommand(frame, ADDRESSES),
      text: frameAsText(frame),
    }),
    [frame],
  );
  return (
    <div class="panel-actions">
      {(isFollowing || canFollow) && (
        <button
          type="button"
          class="small"
          aria-pressed={isFollowing}
          title="Show the way of its message"
          onClick={() => onFollow(!isFollowing)}
        >
          Follow
        </button>
      )}
      {frame.command === "SEND" && <SendAgain frame={frame} />}
      <div class="copies" role="group" aria-label="Copy">
        <span aria-hidden="true">Copy</span>
        {script !== undefined && <CopyButton what="JavaScript" text={script} />}
        {command !== undefined && <CopyButton what="command" text={command} />}
        {text !== undefined && <CopyButton what="frame" text={text} />}
        <CopyButton what="link" text={linkTo(frame)} />
        <button type="button" class="chip" onClick={() => save(frame)}>
          Save as file
        </button>
      </div>
    </div>
  );
}

function CopyButton({ what, text }: { readonly what: string; readonly text: string }): JSX.Element {
  return (
    <button
      type="button"
      class="chip"
      aria-label={`Copy ${what}`}
      onClick={() => void copyText(text, `Copied: ${what}`)}
    >
      {what}
    </button>
  );
}

function SendAgain({ frame }: { readonly frame: FrameInfo }): JSX.Element {
  const [isSending, setSending] = useState(false);
  const destination = headerOf(frame, "destination");
  const missing = missingParts(frame);
  const canSend = destination !== undefined && missing.length === 0;
  const send = async (): Promise<void> => {
    if (destination === undefined) return;
    setSending(true);
    try {
      const { messageId } = await callApi("publish", {
        destination,
        headers: headersToSend(frame),
        ...(frame.bodyBase64 === undefined
          ? { body: frame.body ?? "" }
          : { bodyBase64: frame.bodyBase64 }),
      });
      showToast(`Sent again, as message ${messageId}`);
    } catch (cause) {
      showToast(asApiError(cause).message, "bad");
    }
    setSending(false);
  };
  return (
    <button
      type="button"
      class="small"
      disabled={!canSend || isSending}
      title={canSend ? undefined : `Not all of it is here: ${missing.join("; ")}`}
      onClick={() => void send()}
    >
      Send again
    </button>
  );
}

function linkTo({ number, at }: FrameInfo): string {
  return new URL(hrefTo("frames", { frame: String(number), at: String(at) }), location.href).href;
}

/** Offers the frame, byte by byte, as a file. */
function save(frame: FrameInfo): void {
  const url = URL.createObjectURL(new Blob([frameBytesOf(frame)]));
  const link = document.createElement("a");
  link.href = url;
  link.download = `frame-${frame.number}.bin`;
  link.click();
  URL.revokeObjectURL(url);
}
