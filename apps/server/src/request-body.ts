import { AppError } from "@mema/shared";

/** Largest request body, in bytes. */
export const bodyLimit = 4 * 1024 * 1024;

/**
 * The request with its body read whole. It must be JSON within the limit, in UTF-8: lenient decoding would replace what is not, and store
 * something that was never said. Throws PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE or BAD_REQUEST.
 */
export async function checkRequest(raw: Request): Promise<Request> {
  checkQuery(new URL(raw.url));
  if (raw.method === "GET" || raw.method === "HEAD") return raw;
  const declared = raw.headers.get("content-length");
  if (declared !== null && Number(declared) > bodyLimit) throw tooLarge();
  const bytes = raw.body === null ? new Uint8Array() : await readBody(raw.body);
  if (bytes.length > 0) checkHeaders(raw.headers);
  const headers = new Headers(raw.headers);
  headers.set("content-type", "application/json");
  const request = new Request(raw.url, { method: raw.method, headers, signal: raw.signal });
  // A procedure without input may be called by POST with nothing at all, which tRPC's own parsing fails on.
  const input = bytes.length === 0 ? undefined : parseJson(decode(bytes), "body");
  return Object.assign(request, { json: async () => input });
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused("BAD_REQUEST", "body", "is not valid UTF-8: send JSON encoded as UTF-8");
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refused("BAD_REQUEST", path, "is not valid JSON");
  }
}

function checkQuery({ search, searchParams }: URL): void {
  try {
    decodeURIComponent(search);
  } catch {
    throw refused("BAD_REQUEST", "query", "is not percent-encoded UTF-8: encode it with encodeURIComponent, or send it by POST");
  }
  const input = searchParams.get("input");
  if (input !== null) parseJson(input, "input");
}

function checkHeaders(headers: Headers): void {
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") throw refused("UNSUPPORTED_MEDIA_TYPE", "Content-Encoding", "is not taken: send the body uncompressed");
  const [type = ""] = (headers.get("content-type") ?? "").split(";");
  if (type.trim().toLowerCase() !== "application/json") {
    throw refused("UNSUPPORTED_MEDIA_TYPE", "Content-Type", "must be application/json");
  }
}

async function readBody(body: ReadableStream<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.byteLength;
    if (size > bodyLimit) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const tooLarge = () => refused("PAYLOAD_TOO_LARGE", "body", `is larger than ${bodyLimit} bytes: send less at once`, bodyLimit);

function refused(
  code: "BAD_REQUEST" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE",
  path: string,
  message: string,
  limit?: number,
): AppError {
  return new AppError(code, `${path}: ${message}.`, { issues: [{ path: [path], message, ...(limit === undefined ? {} : { limit }) }] });
}
