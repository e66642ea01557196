/** What stands before the names of the topics on which the broker speaks of itself. */
export const SYSTEM_TOPIC_PREFIX = "/topic/$system/";
