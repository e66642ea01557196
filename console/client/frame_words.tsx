import type { JSX } from "preact";
import { VisibleText } from "../ui/visible_text.tsx";
import type { FrameWords } from "./client_state.ts";

/** A frame in a few words: its command and what it is about. */
export function FrameInWords({ words }: { readonly words: FrameWords }): JSX.Element {
  return (
    <>
      <VisibleText text={words.command} max={40} cut="end" />{" "}
      <VisibleText text={words.what} max={120} cut="end" />
    </>
  );
}
