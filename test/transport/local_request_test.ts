/** Which requests count as made on this machine: what is not meant for others is open to those. */

import { describe, expect, test } from "bun:test";
import { isLocalRequest, type OriginRules, remoteReason } from "../../src/transport/origin.ts";

const LOOPBACK: OriginRules = { loopback: true, strict: false, allowed: [] };
const OPEN: OriginRules = { loopback: false, strict: false, allowed: [] };

function headersOf(fields: Readonly<Record<string, string>>): Headers {
  return new Headers({ Host: "localhost:61614", ...fields });
}

const TABLE: readonly (readonly [headers: Readonly<Record<string, string>>, reason: string])[] = [
  // Under a name of this machine, by whatever program or page.
  [{}, ""],
  [{ Host: "127.0.0.1:61614" }, ""],
  [{ Host: "[::1]:61614" }, ""],
  [{ Host: "127.0.0.2" }, ""],
  [{ Host: "LOCALHOST.:61614" }, ""],
  [{ Origin: "http://localhost:5173" }, ""],
  [{ Origin: "https://app.example.com" }, ""],
  // A proxy on this machine asks for someone who may be anywhere.
  [{ Forwarded: "for=192.0.2.60;proto=http" }, "Forwarded"],
  [{ Forwarded: "for=127.0.0.1" }, "Forwarded"],
  [{ forwarded: "" }, "Forwarded"],
  [{ Via: "1.1 proxy" }, "Via"],
  [{ "X-Forwarded-For": "192.0.2.60" }, "X-Forwarded-For"],
  [{ "x-forwarded-for": "127.0.0.1" }, "X-Forwarded-For"],
  [{ "X-Forwarded-For": "" }, "X-Forwarded-For"],
  [{ "X-Forwarded-Host": "app.example.com" }, "X-Forwarded-Host"],
  [{ "X-Forwarded-Proto": "https" }, "X-Forwarded-Proto"],
  [{ "X-Forwarded-Port": "443" }, "X-Forwarded-Port"],
  [{ "X-Forwarded-Server": "edge" }, "X-Forwarded-Server"],
  [{ "X-Client-IP": "192.0.2.60" }, "X-Client-IP"],
  [{ "True-Client-IP": "192.0.2.60" }, "True-Client-IP"],
  [{ "CF-Connecting-IP": "192.0.2.60" }, "CF-Connecting-IP"],
  [{ "X-Real-IP": "192.0.2.60" }, "X-Real-IP"],
  // A proxy that keeps the Host; whether it may is for --allow-origin to say.
  [{ Host: "app.example.com" }, "Host"],
  [{ Host: "localhost.example.com" }, "Host"],
  [{ Host: "192.168.1.7:61614" }, "Host"],
];

describe("on a loopback listener", () => {
  test.each(TABLE)("%j", (fields, reason) => {
    const headers = headersOf(fields);
    expect(isLocalRequest(headers, LOOPBACK)).toBe(reason === "");
    expect(remoteReason(headers, LOOPBACK) ?? "").toContain(reason);
  });

  test("a request without a Host is not counted among them", () => {
    expect(isLocalRequest(new Headers(), LOOPBACK)).toBe(false);
  });

  test("a Host that --allow-origin lets in is still no name of this machine", () => {
    const rules = { ...LOOPBACK, allowed: ["https://app.example.com"] };
    expect(isLocalRequest(headersOf({ Host: "app.example.com" }), rules)).toBe(false);
  });
});

describe("on a listener that others can reach", () => {
  test.each(TABLE)("never: %j", (fields) => {
    expect(remoteReason(headersOf(fields), OPEN)).toContain("can be reached from elsewhere");
  });
});
