import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { plural } from "./format.ts";
import { isFoldable, type JsonNode } from "./json_document.ts";
import { VisibleText } from "./visible_text.tsx";

/** Children of one node that are made at a time. */
const WINDOW = 100;
/** Nodes are unfolded at first as deep as this, if they have few children. */
const DEPTH_UNFOLDED = 3;
const CHILDREN_UNFOLDED = 50;
/** Documents with more nodes than this are not unfolded at once. */
const UNFOLD_ALL_MAX = 2_000;

/** A JSON document whose objects and lists can be folded. */
export function JsonTree({ node }: { readonly node: JsonNode }): JSX.Element {
  // Another round makes every node anew, which is how all are folded at once.
  const [{ round, unfolded }, setAll] = useState<{ round: number; unfolded?: boolean }>({
    round: 0,
  });
  const canFold = isFoldable(node) && childrenOf(node).some(({ value }) => isFoldable(value));
  return (
    <div class="json-tree">
      {canFold && (
        <div class="json-all">
          {countNodes(node, UNFOLD_ALL_MAX) < UNFOLD_ALL_MAX && (
            <button
              type="button"
              class="link"
              onClick={() => setAll({ round: round + 1, unfolded: true })}
            >
              Unfold all
            </button>
          )}
          <button
            type="button"
            class="link"
            onClick={() => setAll({ round: round + 1, unfolded: false })}
          >
            Fold all
          </button>
        </div>
      )}
      <ul key={round}>
        <TreeNode value={node} depth={0} unfolded={unfolded} />
      </ul>
    </div>
  );
}

interface TreeNodeProps {
  readonly name?: string | undefined;
  readonly value: JsonNode;
  readonly depth: number;
  /** Whether all are unfolded or folded; otherwise the small ones at the top are unfolded. */
  readonly unfolded: boolean | undefined;
}

function TreeNode({ name, value, depth, unfolded }: TreeNodeProps): JSX.Element {
  const children = childrenOf(value);
  const [isOpen, setOpen] = useState(
    depth === 0 || (unfolded ?? (depth < DEPTH_UNFOLDED && children.length <= CHILDREN_UNFOLDED)),
  );
  const [shown, setShown] = useState(WINDOW);
  const label = name === undefined ? null : <Name text={name} />;
  if (!isFoldable(value)) {
    return (
      <li class="json-leaf">
        {label}
        <Leaf value={value} />
      </li>
    );
  }
  const [open, close] = value.kind === "object" ? ["{", "}"] : ["[", "]"];
  const word =
    value.kind === "object" ? plural(children.length, "member") : plural(children.length, "item");
  return (
    <li>
      <button
        type="button"
        class="json-fold"
        aria-expanded={isOpen}
        aria-label={`${name === undefined ? "" : `${name.slice(0, 80)}, `}${word}`}
        onClick={() => setOpen(!isOpen)}
      />
      {label}
      <span class="json-bracket">{open}</span>
      {isOpen ? (
        <ul>
          {children.slice(0, shown).map((child, index) => (
            <TreeNode key={index} {...child} depth={depth + 1} unfolded={unfolded} />
          ))}
          {children.length > shown && (
            <li class="json-leaf">
              <button type="button" class="link" onClick={() => setShown(shown + WINDOW * 5)}>
                {children.length - shown} more
              </button>
            </li>
          )}
        </ul>
      ) : (
        <span class="muted"> {word} </span>
      )}
      <span class="json-bracket">{close}</span>
    </li>
  );
}

function Name({ text }: { readonly text: string }): JSX.Element {
  return (
    <span class="json-name">
      "<VisibleText text={text} />"<span class="json-bracket">: </span>
    </span>
  );
}

function Leaf({ value }: { readonly value: JsonNode }): JSX.Element {
  switch (value.kind) {
    case "object":
      return <span class="json-bracket">{"{}"}</span>;
    case "array":
      return <span class="json-bracket">[]</span>;
    case "string":
      return (
        <span class="json-string">
          "<VisibleText text={value.text} />"
        </span>
      );
    case "literal":
      return (
        <span class="json-literal">
          <VisibleText text={value.text} />
        </span>
      );
  }
}

function childrenOf(
  node: JsonNode,
): readonly { readonly name?: string; readonly value: JsonNode }[] {
  if (node.kind === "object") return node.members;
  return node.kind === "array" ? node.items.map((value) => ({ value })) : [];
}

/** Nodes of a tree, but no more than `max` of them are counted. */
function countNodes(node: JsonNode, max: number): number {
  let count = 1;
  for (const { value } of childrenOf(node)) {
    if (count >= max) break;
    count += countNodes(value, max - count);
  }
  return count;
}
