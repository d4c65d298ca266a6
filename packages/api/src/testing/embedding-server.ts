import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import type { Embedded } from "../services/embeddings/endpoint.ts";

/** What a test wants instead of vectors: a status, an answer of another form, or none at all. */
export type Misbehaviour = { status: number; retryAfter?: string } | { body: unknown } | "hang";

export interface EmbeddingServer {
  url: string;
  /** Every text that was asked for, request by request; `at` in milliseconds. */
  requests: { at: number; model: string; input: string[]; dimensions?: number | undefined; authorization: string | undefined }[];
  /** What the next requests get, before the server is well again. */
  next: Misbehaviour[];
  close(): Promise<void>;
}

const request = z.object({ model: z.string(), input: z.array(z.string()), dimensions: z.number().optional() });

/** A real HTTP server with OpenAI's form of /v1/embeddings. `embed` gives the vector of a text; null refuses it. `port`: any that is free. */
export async function startEmbeddingServer(
  embed: (text: string, asked: { model: string; dimensions?: number | undefined }) => number[] | null,
  { port: wanted = 0 }: { port?: number } = {},
): Promise<EmbeddingServer> {
  const requests: EmbeddingServer["requests"] = [];
  const next: Misbehaviour[] = [];
  const server = createServer((incoming, outgoing) => {
    const answer = async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const asked = request.parse(JSON.parse(Buffer.concat(chunks).toString()));
      requests.push({ at: performance.now(), ...asked, authorization: incoming.headers.authorization });
      const reply = (status: number, body: unknown, headers: Record<string, string> = {}) =>
        outgoing.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
      const misbehaviour = next.shift();
      if (misbehaviour === "hang") return;
      if (misbehaviour !== undefined && "status" in misbehaviour) {
        const { status, retryAfter } = misbehaviour;
        return reply(status, { error: { message: "no" } }, retryAfter === undefined ? {} : { "retry-after": retryAfter });
      }
      if (misbehaviour !== undefined) return reply(200, misbehaviour.body);
      const vectors: (Embedded["vectors"][number] | null)[] = asked.input.map((text) => embed(text, asked));
      if (vectors.includes(null)) return reply(400, { error: { message: "a text is refused" } });
      return reply(200, {
        data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })).toReversed(),
        usage: { prompt_tokens: asked.input.length * 10, total_tokens: asked.input.length * 10 },
      });
    };
    void answer();
  });
  await new Promise<void>((resolve) => server.listen(wanted, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    next,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
