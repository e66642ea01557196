import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { hrefTo, type RouteParams } from "../route.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import { PublishDialog } from "./publish_dialog.tsx";
import { SubscriberList } from "./subscriber_list.tsx";
import { globOf, isSystemName, isWildcardName } from "./topic_name.ts";

/** One topic or pattern: who subscribed to it. */
export function TopicPage(props: {
  readonly name: string;
  readonly params: RouteParams;
}): JSX.Element {
  const { name, params } = props;
  const [isPublishing, setPublishing] = useState(false);
  const path = `/topic/${name}`;
  const isPattern = isWildcardName(name);
  const isSystem = isSystemName(name);
  return (
    <>
      <div class="toolbar">
        <div class="thing">
          <a
            class="back"
            href={hrefTo("destinations", { ...params, open: undefined })}
            aria-label="Back to the list"
          >
            ‹
          </a>
          <h1>
            <VisibleText text={path} max={160} />
          </h1>
        </div>
        {!isSystem && (
          <span class="message-actions">
            {!isPattern && (
              <button type="button" class="small" onClick={() => setPublishing(true)}>
                Publish…
              </button>
            )}
            <a
              class="button small"
              href={hrefTo("frames", isPattern ? { like: globOf(path) } : { destination: path })}
            >
              Frames
            </a>
          </span>
        )}
      </div>
      <p class="thing-about muted">{aboutTopic({ isPattern, isSystem })}</p>
      <SubscriberList
        path={path}
        label="Subscribers"
        empty={
          <div class="empty">
            <h2>Nobody is subscribed now</h2>
            <p>
              What is sent here is gone, but for durable subscriptions: what waits for those shows
              in their own list.
            </p>
          </div>
        }
      />
      {isPublishing && (
        <PublishDialog
          destination={path}
          onClose={() => setPublishing(false)}
          onPublished={() => {}}
        />
      )}
    </>
  );
}

function aboutTopic(topic: { readonly isPattern: boolean; readonly isSystem: boolean }): string {
  if (topic.isSystem) return "The broker alone speaks here. These listen to it:";
  if (topic.isPattern) return "Those who subscribed to just this pattern:";
  return "Those who get what is sent here, by name or by a pattern that covers it:";
}
