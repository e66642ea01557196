import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { asApiError } from "../broker/api.ts";
import { Dialog } from "../ui/dialog.tsx";
import { VisibleText } from "../ui/visible_text.tsx";

/** Asks where messages are to go. */
export interface MoveDialogProps {
  /** `3 messages`, `all messages`. */
  readonly what: string;
  /** From where. */
  readonly path: string;
  /** Rejects with the reason if they cannot go there. */
  readonly move: (to: string) => Promise<void>;
  readonly onClose: () => void;
}

/** See {@link MoveDialogProps}. */
export function MoveDialog({ what, path, move, onClose }: MoveDialogProps): JSX.Element {
  const id = useId();
  const [to, setTo] = useState("");
  const [problem, setProblem] = useState<string>();
  const submit = async (): Promise<void> => {
    try {
      await move(to.trim());
      onClose();
    } catch (cause) {
      setProblem(asApiError(cause).message);
    }
  };
  return (
    <Dialog title={`Move ${what}?`} onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p>
          They leave <VisibleText text={path} cut="end" max={120} /> and arrive at the end of the
          other destination, with the same message-id.
        </p>
        <div class="field">
          <label for={id}>To</label>
          <input
            id={id}
            type="text"
            required
            autofocus
            autocomplete="off"
            spellcheck={false}
            placeholder="/queue/orders"
            value={to}
            onInput={(event) => setTo(event.currentTarget.value)}
          />
        </div>
        <p class="problem" role="alert">
          {problem !== undefined && <VisibleText text={problem} />}
        </p>
        <div class="dialog-buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Move
          </button>
        </div>
      </form>
    </Dialog>
  );
}
