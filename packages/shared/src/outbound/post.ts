import { lookup as lookupAddress } from "node:dns";
import { request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPrivateAddress } from "./private-addresses.ts";

/** One POST to an address that a user chose. */
export interface OutboundPost {
  url: string;
  body: string;
  headers: Readonly<Record<string, string>>;
  /** Whether private and local addresses may be reached. */
  allowPrivate: boolean;
  /** Ends the request, for example when its lease was lost. */
  signal?: AbortSignal;
  timeoutMs?: number;
}

/** How a POST ended. `ambiguous`: the request had been handed over when it failed, so the receiver may have acted on it. */
export type OutboundResult =
  | { status: number; retryAfter: string | null; date: string | null; error: null }
  | { status: null; error: OutboundError; ambiguous: boolean };

export type OutboundError =
  | "url_invalid"
  | "address_refused"
  | "dns_failed"
  | "connection_failed"
  | "tls_failed"
  | "timeout"
  | "aborted"
  | "connection_lost";

export const outboundTimeoutMs = 15_000;
/** The most that is sent. Of an answer only status and headers are read, so that its size and slowness do not matter. */
export const maxOutboundBytes = 65_536;

/**
 * POSTs once and never throws. Redirects are answers like others, not followed. The name is resolved once and the connection goes to the
 * addresses that were checked, so that a name cannot point elsewhere in between; one private address among them refuses it.
 */
export async function post({
  url,
  body,
  headers,
  allowPrivate,
  signal,
  timeoutMs = outboundTimeoutMs,
}: OutboundPost): Promise<OutboundResult> {
  const target = checkOutboundUrl(url, allowPrivate);
  if (typeof target === "string") return failed(target);
  const deadline = AbortSignal.timeout(timeoutMs);
  const abort = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
  if (abort.aborted) return failed("aborted");
  const { promise, resolve } = Promise.withResolvers<OutboundResult>();
  const request = (target.protocol === "https:" ? requestSecure : requestPlain)(target, {
    method: "POST",
    headers: { ...headers, "content-length": Buffer.byteLength(body) },
    lookup: checkedLookup(allowPrivate),
    agent: false,
    signal: abort,
    maxHeaderSize: 16_384,
  });
  let handedOver = false;
  request.on("response", (response) => {
    resolve({
      status: response.statusCode ?? 0,
      retryAfter: response.headers["retry-after"] ?? null,
      date: response.headers.date ?? null,
      error: null,
    });
    response.destroy();
  });
  request.on("finish", () => {
    handedOver = true;
  });
  request.on("error", (error) => {
    resolve(failed(deadline.aborted ? "timeout" : signal?.aborted === true ? "aborted" : nameOf(error, handedOver), handedOver));
  });
  request.end(body);
  return promise;
}

/** The parsed address, or why it is refused: only http and https, no user in it, no private address written out. */
export function checkOutboundUrl(url: string, allowPrivate: boolean): URL | "url_invalid" | "address_refused" {
  if (!URL.canParse(url) || url.length > 2_048) return "url_invalid";
  const target = new URL(url);
  if (!/^https?:$/.test(target.protocol) || target.username !== "" || target.password !== "") return "url_invalid";
  // A written-out address is never looked up, and the parser has put every spelling of it (0x7f.1) into the usual one.
  const host = target.hostname.replace(/^\[|\]$/g, "");
  return isIP(host) !== 0 && isPrivateAddress(host) && !allowPrivate ? "address_refused" : target;
}

class AddressRefused extends Error {}

function checkedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookupAddress(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return callback(error ?? new Error("no address"), "", 0);
      if (!allowPrivate && addresses.some(({ address }) => isPrivateAddress(address))) return callback(new AddressRefused(), "", 0);
      if (options.all === true) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

const failed = (error: OutboundError, ambiguous = false): OutboundResult => ({ status: null, error, ambiguous });

function nameOf(error: Error, handedOver: boolean): OutboundError {
  if (error instanceof AddressRefused) return "address_refused";
  const { code = "" } = error as { code?: string };
  if (/^(ENOTFOUND|EAI_|ENODATA)/.test(code)) return "dns_failed";
  if (/^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH)/.test(code)) return "tls_failed";
  return handedOver ? "connection_lost" : "connection_failed";
}
