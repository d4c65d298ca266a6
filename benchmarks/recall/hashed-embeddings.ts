import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

/** A program: serves OpenAI's form of /embeddings with vectors of hashed words, which know nothing of meaning, and prints its port. */
const dimensions = 256;

function hashOf(word: string): number {
  let hash = 2_166_136_261;
  for (const character of word) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619);
  return hash >>> 0;
}

function vectorOf(text: string): number[] {
  const vector = Array.from({ length: dimensions }, () => 0);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [""]) {
    const at = hashOf(word) % dimensions;
    vector[at] = (vector[at] ?? 0) + 1;
  }
  return vector;
}

const request = z.object({ input: z.array(z.string()) });
const server = createServer((incoming, outgoing) => {
  const answer = async () => {
    let body = "";
    for await (const chunk of incoming.setEncoding("utf8")) body += String(chunk);
    const { input } = request.parse(JSON.parse(body));
    outgoing.setHeader("content-type", "application/json");
    outgoing.end(JSON.stringify({ data: input.map((text, index) => ({ index, embedding: vectorOf(text) })) }));
  };
  void answer();
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
