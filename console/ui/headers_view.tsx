import type { JSX } from "preact";
import { VisibleText } from "./visible_text.tsx";

const HEADERS_MAX = 500;

/** The headers of a frame or a message, in the order sent; repeated ones are all there. */
export function HeadersView(props: {
  readonly headers: readonly (readonly [string, string])[];
  /** Places of those that are only a beginning. */
  readonly cut?: readonly number[] | undefined;
  /** How many there are behind these that are not here. */
  readonly leftOut?: number | undefined;
}): JSX.Element {
  const { headers, cut = [], leftOut = 0 } = props;
  if (headers.length === 0) return <p class="muted">No headers</p>;
  return (
    <>
      <table class="headers" aria-label="Headers">
        <tbody>
          {headers.slice(0, HEADERS_MAX).map(([name, value], index) => (
            <tr key={index}>
              <th scope="row">
                <VisibleText text={name} />
              </th>
              <td>
                {value === "" ? <span class="muted">empty</span> : <VisibleText text={value} />}
                {cut.includes(index) && <p class="muted">Only the beginning is here.</p>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {headers.length > HEADERS_MAX && <p class="muted">and {headers.length - HEADERS_MAX} more</p>}
      {leftOut > 0 && <p class="muted">and {leftOut} more, which are not here</p>}
    </>
  );
}
