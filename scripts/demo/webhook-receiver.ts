import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

export interface Received {
  id: string;
  body: { type: string; data: Record<string, unknown> };
  /** The signature was valid for the secret that was known when it came; null when none was known. */
  valid: boolean | null;
}

/** A small web server of the user's own that takes signed webhooks, as any receiver would. */
export interface WebhookReceiver {
  url: string;
  /** From now on signatures are verified with this secret (`whsec_...`). */
  trust(secret: string): void;
  /** The first delivery, already here or still to come, that fits. */
  next(fits: (received: Received) => boolean, timeoutMs: number): Promise<Received>;
  received: Received[];
  close(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  let webhook: Webhook | null = null;
  const received: Received[] = [];
  const waiting = new Set<(one: Received) => void>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const text = Buffer.concat(parts).toString("utf8");
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      let valid: boolean | null = null;
      if (webhook !== null) {
        try {
          webhook.verify(text, headers);
          valid = true;
        } catch {
          valid = false;
        }
      }
      const one: Received = { id: headers["webhook-id"] ?? "", body: JSON.parse(text) as Received["body"], valid };
      received.push(one);
      response.writeHead(204).end();
      for (const look of waiting) look(one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    trust: (secret) => {
      webhook = new Webhook(secret);
    },
    next: (fits, timeoutMs) =>
      new Promise((resolve, reject) => {
        const here = received.find(fits);
        if (here !== undefined) return resolve(here);
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`no webhook came within ${timeoutMs / 1000} s`));
        }, timeoutMs);
        const look = (one: Received) => {
          if (!fits(one)) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(one);
        };
        waiting.add(look);
      }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
