import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { FrameInfo } from "../../src/api/values.ts";
import { formatBytes, formatClock, formatDateTime } from "../ui/format.ts";
import { LoadProblem } from "../ui/load_problem.tsx";
import { Panel } from "../ui/panel.tsx";
import { CommandName } from "./frame_list.tsx";
import { FrameActions } from "./frame_actions.tsx";
import { frameBytes } from "./frame_facts.ts";
import { FrameDetail } from "./frame_detail.tsx";
import { JourneyView } from "./journey_view.tsx";
import { useWantedFrame, type WantedFrame } from "./use_wanted_frame.ts";

/** What {@link FramePanel} shows, and what is done from it. */
export interface FramePanelProps {
  readonly wanted: WantedFrame;
  /** Whether the way of its message is shown. */
  readonly isFollowing: boolean;
  readonly onFollow: (isOn: boolean) => void;
  readonly onShow: (frame: FrameInfo) => void;
  readonly onFilter: (filter: string) => void;
  readonly onClose: () => void;
}

/** Everything about one frame. */
export function FramePanel(props: FramePanelProps): JSX.Element {
  const { wanted, isFollowing, onFollow, onShow, onFilter, onClose } = props;
  const found = useWantedFrame(wanted);
  const frame = found.kind === "found" ? found.frame : undefined;
  // Frames keep coming; this one stays as it is.
  const detail = useMemo(
    () => (frame === undefined ? null : <FrameDetail frame={frame} onFilter={onFilter} />),
    [frame, onFilter],
  );
  switch (found.kind) {
    case "looking":
      return (
        <Panel title={`Frame ${wanted.number}`} onClose={onClose}>
          <span class="skeleton" />
        </Panel>
      );
    case "failed":
      return (
        <Panel title={`Frame ${wanted.number}`} onClose={onClose}>
          <LoadProblem error={found.error} onRetry={found.retry} />
        </Panel>
      );
    case "gone":
      return (
        <Panel title={`Frame ${wanted.number}`} onClose={onClose}>
          <p class="notice">
            This frame is gone. The broker keeps the latest 2,000 frames that somebody watched, and
            none of them when it is started again.
          </p>
        </Panel>
      );
    case "found":
      return (
        <Panel
          title={
            <>
              <CommandName frame={found.frame} />{" "}
              <span class="muted panel-time">
                <span title={formatDateTime(found.frame.at)}>
                  {formatClock(found.frame.at, { ms: true })}
                </span>
                {" · "}
                <span title="About, with its headers">{formatBytes(frameBytes(found.frame))}</span>
                {" · "}
                <span title="Counted since the broker was started">no. {found.frame.number}</span>
              </span>
            </>
          }
          onClose={onClose}
        >
          <FrameActions frame={found.frame} isFollowing={isFollowing} onFollow={onFollow} />
          {isFollowing && <JourneyView frame={found.frame} onShow={onShow} />}
          {detail}
        </Panel>
      );
  }
}
