import manifest from "../../package.json" with { type: "json" };

/** The version of stompbox, as in package.json. */
export const VERSION: string = manifest.version;
