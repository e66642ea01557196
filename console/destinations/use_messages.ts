import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../../src/api/call_api.ts";
import type { MessageInfo } from "../../src/api/values.ts";
import { asApiError } from "../broker/api.ts";
import type { MessageSource } from "./message_source.ts";

/** Messages of a source, as many as were asked for so far. */
export interface Messages {
  /** Undefined before the first answer. */
  readonly list: readonly MessageInfo[] | undefined;
  /** Whether there are others behind. */
  readonly more: boolean;
  readonly error: ApiError | undefined;
  /** Adds those behind. */
  readonly loadMore: () => void;
  /** Asks anew for what is shown. */
  readonly refresh: () => void;
}

const PAGE = 100;
const PREVIEW_BYTES = 200;
const MESSAGES_MAX = 5_000;
const EVERY_MS = 3_000;

/**
 * The messages that wait in a source. The first page keeps itself up to date;
 * once there are more, they stay as they are until they are asked for anew.
 */
export function useMessages(source: MessageSource): Messages {
  const [state, setState] = useState<{
    readonly id: string;
    readonly list: readonly MessageInfo[];
    readonly more: boolean;
  }>();
  const [error, setError] = useState<ApiError>();
  const current = useRef(source);
  current.current = source;
  const busy = useRef<AbortController | undefined>(undefined);
  const known = state?.id === source.id ? state : undefined;
  const pages = known === undefined ? 1 : Math.max(1, Math.ceil(known.list.length / PAGE));

  const load = useCallback(async (from: readonly MessageInfo[], want: number): Promise<void> => {
    busy.current?.abort();
    const aborter = new AbortController();
    busy.current = aborter;
    const { browse, id } = current.current;
    const list = [...from];
    let more = true;
    try {
      while (more && list.length < Math.min(want, MESSAGES_MAX)) {
        const after = list.at(-1)?.key;
        const browsing = { after, limit: PAGE, bodyBytes: PREVIEW_BYTES };
        const part = await browse(browsing, aborter.signal);
        list.push(...part.messages);
        more = part.more && part.messages.length > 0;
      }
      if (aborter.signal.aborted) return;
      setState({ id, list, more: more && list.length < MESSAGES_MAX });
      setError(undefined);
    } catch (cause) {
      if (!aborter.signal.aborted) setError(asApiError(cause));
    }
    if (busy.current === aborter) busy.current = undefined;
  }, []);

  useEffect(() => {
    void load([], PAGE);
    return () => busy.current?.abort();
  }, [source.id]);

  useEffect(() => {
    if (pages > 1) return;
    const timer = setInterval(() => {
      if (!document.hidden && busy.current === undefined) void load([], PAGE);
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [source.id, pages]);

  return {
    list: known?.list,
    more: known?.more ?? false,
    error,
    loadMore: () => {
      if (known !== undefined && busy.current === undefined)
        void load(known.list, known.list.length + PAGE);
    },
    refresh: () => void load([], pages * PAGE),
  };
}
