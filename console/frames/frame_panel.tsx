import type { JSX } from "preact";
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
          <LoadProblem error={found.error} onRetry={() => location.reload()} />
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
    case "found": {
      const { frame } = found;
      return (
        <Panel
          title={
            <>
              <CommandName frame={frame} />{" "}
              <span class="muted panel-time">
                <span title={formatDateTime(frame.at)}>{formatClock(frame.at, { ms: true })}</span>
                {" · "}
                <span title="About, with its headers">{formatBytes(frameBytes(frame))}</span>
                {" · "}
                <span title="Counted since the broker was started">no. {frame.number}</span>
              </span>
            </>
          }
          onClose={onClose}
        >
          <FrameActions frame={frame} isFollowing={isFollowing} onFollow={onFollow} />
          {isFollowing && <JourneyView frame={frame} onShow={onShow} />}
          <FrameDetail frame={frame} onFilter={onFilter} />
        </Panel>
      );
    }
  }
}
