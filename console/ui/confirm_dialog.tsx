import type { ComponentChildren, JSX } from "preact";
import { Dialog } from "./dialog.tsx";
import { createStore } from "./store.ts";
import { useStore } from "./use_store.ts";

/** What a person is asked before something is destroyed. */
export interface Question {
  /** What would happen, as a question: `Delete 3 messages?` */
  readonly title: string;
  /** What and how many it is, and what becomes of it. */
  readonly detail: ComponentChildren;
  /** What the button that does it says: `Delete 3 messages`. */
  readonly action: string;
}

interface Asked extends Question {
  readonly answer: (yes: boolean) => void;
}

const asked = createStore<Asked | undefined>(undefined);

/** Asks, and says whether the answer was yes. A question that is open already is answered no. */
export function confirm(question: Question): Promise<boolean> {
  asked.get()?.answer(false);
  return new Promise((resolve) => {
    const answer = (yes: boolean): void => {
      asked.set(undefined);
      resolve(yes);
    };
    asked.set({ ...question, answer });
  });
}

/** Where questions appear; once in a page. */
export function ConfirmDialog(): JSX.Element | null {
  const question = useStore(asked);
  if (question === undefined) return null;
  return (
    <Dialog title={question.title} onClose={() => question.answer(false)}>
      <div class="dialog-text">{question.detail}</div>
      <div class="dialog-buttons">
        <button type="button" autofocus onClick={() => question.answer(false)}>
          Cancel
        </button>
        <button type="button" class="danger" onClick={() => question.answer(true)}>
          {question.action}
        </button>
      </div>
    </Dialog>
  );
}
