/** Why a file could not be read or written, in one line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "reading it is not permitted";
  if (code === "EISDIR") return "it is a folder";
  if (code === "ENOSPC") return "there is no space left";
  if (code === "EBADF") return "it is closed";
  return error.message.split("\n")[0] ?? error.name;
}
