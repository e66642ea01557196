/** The body of a frame or a message: a text, or bytes in Base64, as the API has it. */
export interface BodyContent {
  readonly body?: string | undefined;
  readonly bodyBase64?: string | undefined;
}

/** In which form a body is best looked at. */
export type BodyForm = "json" | "text" | "hex";

/** The bytes of a body. */
export function bodyBytesOf({ body, bodyBase64 }: BodyContent): Uint8Array<ArrayBuffer> {
  if (body !== undefined) return new TextEncoder().encode(body);
  return Uint8Array.from(atob(bodyBase64 ?? ""), (character) => character.charCodeAt(0));
}

/** Bytes in Base64. */
export function base64Of(bytes: Uint8Array): string {
  let binary = "";
  // In pieces, since a call takes only so many arguments.
  for (let from = 0; from < bytes.length; from += 8_192) {
    binary += String.fromCharCode(...bytes.subarray(from, from + 8_192));
  }
  return btoa(binary);
}

/** The text of a body; undefined when it is none. */
export function bodyTextOf({ body, bodyBase64 }: BodyContent): string | undefined {
  if (body !== undefined) return body;
  if (bodyBase64 === undefined) return "";
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      bodyBytesOf({ bodyBase64 }),
    );
  } catch {
    return undefined;
  }
}

/** Whether a text may be JSON that is worth unfolding: a bare number or word is not. */
export function looksLikeJson(text: string): boolean {
  return /^\s*[[{]/.test(text) && /[\]}]\s*$/.test(text);
}

/** Whether a text is in truth something else, which is better seen as bytes. */
export function looksBinary(text: string): boolean {
  const start = text.slice(0, 4_096);
  const odd = start.match(/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f\ufffd]/g)?.length ?? 0;
  return odd > 0 && odd * 20 > start.length;
}
