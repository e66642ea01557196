import type { JSX } from "preact";
import type { FrameInfo } from "../../src/api/values.ts";
import { hrefTo } from "../route.ts";
import { BodyView } from "../ui/body_view.tsx";
import { type Fact, Facts } from "../ui/facts.tsx";
import { HeadersView } from "../ui/headers_view.tsx";
import { VisibleText } from "../ui/visible_text.tsx";
import { headerOf } from "./frame_facts.ts";

/** What a frame is, whole. `onFilter` offers to look for what belongs with it. */
export function FrameDetail(props: {
  readonly frame: FrameInfo;
  readonly onFilter?: (filter: string) => void;
}): JSX.Element {
  const { frame, onFilter } = props;
  const { headers, body, bodyBase64, bodyBytes, truncated } = frame;
  return (
    <>
      {onFilter !== undefined && <Facts facts={factsOf(frame, onFilter)} />}
      <h3>Headers</h3>
      <HeadersView headers={headers} cut={frame.cutHeaders} leftOut={frame.headersLeftOut} />
      <h3>Body</h3>
      <BodyView
        key={`${frame.number} ${frame.at}`}
        body={body}
        bodyBase64={bodyBase64}
        bodyBytes={bodyBytes}
        truncated={truncated}
        contentType={headerOf(frame, "content-type")}
      />
    </>
  );
}

function factsOf(frame: FrameInfo, onFilter: (filter: string) => void): readonly Fact[] {
  const { connection, direction, messageId } = frame;
  return [
    {
      title: direction === "in" ? "From connection" : "To connection",
      value: (
        <>
          <a href={hrefTo("connections", { open: String(connection) })}>{connection}</a>{" "}
          <FilterLink words={`connection:${connection}`} onFilter={onFilter} />
        </>
      ),
    },
    ...(messageId === undefined
      ? []
      : [
          {
            title: "Message",
            value: (
              <>
                <VisibleText text={messageId} />{" "}
                <FilterLink words={`message:${messageId}`} onFilter={onFilter} />
              </>
            ),
          },
        ]),
  ];
}

function FilterLink(props: {
  readonly words: string;
  readonly onFilter: (filter: string) => void;
}): JSX.Element {
  return (
    <button type="button" class="link" onClick={() => props.onFilter(props.words)}>
      only these
    </button>
  );
}
