/** SIGHUP, which means two things. */

import { isatty } from "node:tty";

/** Standard input, output and error. */
const DESCRIPTORS = [0, 1, 2];

/**
 * Calls `listener` for every SIGHUP that asks to read the configuration again,
 * until the returned function is called. One that comes because the terminal
 * was closed, which then is none any more, asks to stop, as SIGTERM does.
 */
export function onReloadSignal(listener: () => void): () => void {
  const terminals = DESCRIPTORS.filter((descriptor) => isatty(descriptor));
  const onHangUp = (): void => {
    const hungUp = terminals.some((descriptor) => !isatty(descriptor));
    // Windows sends it only when the console closes.
    if (hungUp || process.platform === "win32") process.emit("SIGTERM", "SIGTERM");
    else listener();
  };
  process.on("SIGHUP", onHangUp);
  return () => {
    process.off("SIGHUP", onHangUp);
  };
}
