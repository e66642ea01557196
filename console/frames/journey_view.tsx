import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { FrameInfo } from "../../src/api/values.ts";
import { formatClock, formatCount, formatMs, plural } from "../ui/format.ts";
import { useStore } from "../ui/use_store.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import { type JourneyStep, journeyOf, messageIdOf, type StepKind } from "./journey.ts";
import { feed } from "./this_feed.ts";

const STEPS_SHOWN = 100;

const TITLES: Readonly<Record<StepKind, string>> = {
  sent: "Sent by",
  receipt: "Receipt to",
  delivered: "Delivered to",
  acknowledged: "Acknowledged by",
  refused: "Refused by",
  committed: "Transaction committed by",
  aborted: "Transaction aborted by",
  "dead-lettered": "Moved to the dead letters",
};

/** The way of the message that a frame is about, with the time between its steps. */
export function JourneyView(props: {
  readonly frame: FrameInfo;
  readonly onShow: (frame: FrameInfo) => void;
}): JSX.Element {
  const { frame, onShow } = props;
  const timeline = useStore(feed.timeline);
  const deadLetters = useStore(feed.deadLetters);
  const [max, setMax] = useState(STEPS_SHOWN);
  const journey = useMemo(() => {
    const frames = timeline.entries.map((entry) => entry.frame);
    const messageId = messageIdOf(frame, frames);
    return messageId === undefined ? undefined : journeyOf(messageId, { frames, deadLetters });
  }, [frame, timeline, deadLetters]);
  // Some of it may have gone by before the page was there.
  useEffect(() => void feed.refresh(), [frame]);
  if (journey === undefined || journey.steps.length === 0) {
    return (
      <section class="journey">
        <h3>Its message</h3>
        <p class="muted">The frames that are here do not tell which message this is about.</p>
      </section>
    );
  }
  const { steps, receivers } = journey;
  const start = steps[0]?.at ?? 0;
  return (
    <section class="journey">
      <h3>The way of its message</h3>
      {steps.every(({ kind }) => kind !== "sent") && (
        <p class="muted">
          Its SEND is not here: it went by before anybody watched or was left out, or the message
          came over HTTP, as what this console sends does.
        </p>
      )}
      <ol>
        {steps.slice(0, max).map((step, index) => (
          <Step
            key={index}
            step={step}
            sinceStart={step.at - start}
            sincePrevious={index === 0 ? undefined : step.at - (steps[index - 1]?.at ?? start)}
            isShown={step.frame?.number === frame.number}
            onShow={onShow}
          />
        ))}
      </ol>
      {steps.length > max && (
        <button type="button" class="link" onClick={() => setMax(max + 500)}>
          {plural(steps.length - max, "more step")}
        </button>
      )}
      <p class="muted">{endOf(steps, receivers.size)}</p>
    </section>
  );
}

function Step(props: {
  readonly step: JourneyStep;
  readonly sinceStart: number;
  readonly sincePrevious: number | undefined;
  readonly isShown: boolean;
  readonly onShow: (frame: FrameInfo) => void;
}): JSX.Element {
  const { step, sincePrevious, isShown, onShow } = props;
  const { kind, frame, destination, detail, at } = step;
  return (
    <li data-kind={kind} aria-current={isShown ? "step" : undefined}>
      <span class="journey-time" title={`${formatMs(props.sinceStart)} after the first`}>
        {sincePrevious === undefined
          ? formatClock(at, { ms: true })
          : `+${formatMs(sincePrevious)}`}
      </span>
      <span class="journey-what">
        {frame === undefined ? (
          TITLES[kind]
        ) : (
          <>
            {TITLES[kind]}{" "}
            <button type="button" class="link" disabled={isShown} onClick={() => onShow(frame)}>
              connection {frame.connection}
            </button>
          </>
        )}
        {destination !== undefined && (
          <span class="journey-destination">
            <VisibleText text={destination} max={120} cut="end" />
          </span>
        )}
        {detail !== undefined && (
          <span class="muted">
            {" "}
            <VisibleText text={detail} max={120} cut="end" />
          </span>
        )}
      </span>
    </li>
  );
}

/** How it ended, as far as that was seen. */
function endOf(steps: readonly JourneyStep[], receivers: number): string {
  const count = (kind: StepKind): number => steps.filter((step) => step.kind === kind).length;
  if (receivers === 0) {
    return count("dead-lettered") > 0
      ? "Nobody got it."
      : "No delivery seen: it waits, nobody subscribed, or it was delivered while nobody watched.";
  }
  const verdicts = [
    ["acknowledged", count("acknowledged")],
    ["refused", count("refused")],
  ] as const;
  const said = verdicts
    .filter(([, times]) => times > 0)
    .map(([word, times]) => `, ${word} ${times === 1 ? "once" : `${formatCount(times)} times`}`);
  return `Delivered to ${plural(receivers, "connection")}${said.join("")}.`;
}
