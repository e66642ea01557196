/** What `stompbox help` knows beside the commands. */
export const HELP_TOPIC_NAMES = ["all", "connection", "options"] as const;

/** One of {@link HELP_TOPIC_NAMES}. */
export type HelpTopic = (typeof HELP_TOPIC_NAMES)[number];
