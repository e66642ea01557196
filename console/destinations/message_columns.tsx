import type { MessageInfo } from "../../src/api/values.ts";
import type { Column } from "../ui/data_table.tsx";
import { formatAge, formatBytes, formatDateTime } from "../ui/format.ts";

/** How large the messages of a list are. */
export const SIZE_COLUMN: Column<MessageInfo> = {
  id: "size",
  title: "Size",
  hint: "Bytes of the body",
  numeric: true,
  width: 4.75,
  rank: 3,
  cell: ({ bodyBytes }) => formatBytes(bodyBytes),
};

/** How long ago the messages of a list came, at `now` in ms since the epoch. */
export function ageColumn(now: number): Column<MessageInfo> {
  return {
    id: "age",
    title: "Age",
    hint: "Since it came to the broker",
    numeric: true,
    width: 4,
    rank: 1,
    cell: ({ arrivedAt }) => (
      <span title={formatDateTime(arrivedAt)}>{formatAge(now - arrivedAt)}</span>
    ),
  };
}
