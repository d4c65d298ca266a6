export interface Reply {
  status: number;
  headers: Headers;
  /** The answer, or the error envelope. */
  body: unknown;
}

export interface Call {
  key?: string | undefined;
  method?: string;
  headers?: Record<string, string>;
  /** Sent as it is, instead of `input` as JSON. */
  body?: string | Uint8Array<ArrayBuffer>;
  signal?: AbortSignal;
}

/** One request to a procedure as a client in another language would make it. */
export async function call(url: string, procedure: string, input?: unknown, options: Call = {}): Promise<Reply> {
  const { key, method = "POST", headers = {}, body = input === undefined ? undefined : JSON.stringify(input), signal } = options;
  const response = await fetch(`${url}/trpc/${procedure}`, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parse(text) };
}

/** The data of a successful answer. */
export function dataOf(reply: Reply): Record<string, unknown> {
  const { result } = reply.body as { result?: { data: Record<string, unknown> } };
  if (result === undefined) throw new Error(`status ${reply.status}: ${JSON.stringify(reply.body)}`);
  return result.data;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
