import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, styleText } from "node:util";
import { createMemaClient, type MemaClient } from "@mema/api/client";
import { type ServerProcess, startServerProcess } from "./demo/server-process.ts";
import { throwawayDatabase } from "./demo/throwaway-database.ts";
import { startWebhookReceiver, type WebhookReceiver } from "./demo/webhook-receiver.ts";

const { values: options } = parseArgs({ options: { json: { type: "boolean", default: false } } });

const names = ["store", "retry", "fact", "recall", "remind", "fire", "signature", "isolation", "forget", "crash"] as const;
const steps: Record<(typeof names)[number], boolean> = Object.fromEntries(names.map((name) => [name, false])) as never;

const say = (text = "") => {
  if (!options.json) console.log(text);
};
const dim = (text: string) => styleText("dim", text);

interface Story {
  ada: MemaClient;
  ben: MemaClient;
  receiver: WebhookReceiver;
}

/** One sentence of the story: prints what is tried, what came of it, and remembers whether it held. */
async function step(name: (typeof names)[number], title: string, body: () => Promise<{ held: boolean; shown: string[] }>): Promise<void> {
  const start = performance.now();
  try {
    const { held, shown } = await body();
    steps[name] = held;
    say(
      `${held ? styleText("green", "✓") : styleText("red", "✗")} ${styleText("bold", title)} ${dim(`${Math.round(performance.now() - start)} ms`)}`,
    );
    for (const line of shown) say(`    ${line}`);
  } catch (error) {
    say(`${styleText("red", "✗")} ${styleText("bold", title)}`);
    say(`    ${error instanceof Error ? error.message : String(error)}`);
  }
}

const climbing = "Dima took me to the climbing hall on Saturday, he climbs far better than I do";

async function tell({ ada, ben, receiver }: Story): Promise<void> {
  let messageId = "";
  await step("store", "Ada's assistant stores what she said", async () => {
    const { message } = await ada.messages.send.mutate({ text: climbing, source: "demo", externalId: "1" });
    messageId = message.id;
    return { held: message.content === climbing, shown: [`“${message.content}”`] };
  });

  await step("retry", "The network hiccups and sends it again: still one message", async () => {
    const { message } = await ada.messages.send.mutate({ text: climbing, source: "demo", externalId: "1" });
    const { items } = await ada.messages.list.query({});
    return { held: message.id === messageId && items.length === 1, shown: [`${items.length} message, id ${message.id}`] };
  });

  let factId = "";
  await step("fact", "“Remember that ...” becomes a fact with the words it rests on", async () => {
    const text = "Remember that Dima's birthday is on 14 March.";
    const { message, understood } = await ada.messages.send.mutate({ text });
    const found = understood.find((one) => one.kind === "fact");
    if (found === undefined) return { held: false, shown: ["nothing was understood"] };
    factId = found.factId;
    const fact = await ada.facts.byId.query({ id: found.factId });
    const quote = fact.sourceQuote ?? "";
    return {
      held: text.includes(quote) && quote.length > 0 && fact.sourceMessageId === message.id,
      shown: [`fact   ${fact.content} ${dim(`(${fact.factType})`)}`, `quote  “${quote}” ${dim(`in message ${message.id.slice(0, 8)}`)}`],
    };
  });

  await step("recall", "A question in other words finds it", async () => {
    const query = "who is it that likes to climb?";
    const { results } = await ada.recall.search.query({ query, limit: 3 });
    return {
      held: results.some((result) => result.messageId === messageId),
      shown: [`“${query}”`, ...results.slice(0, 2).map((result) => `→ ${result.text}`)],
    };
  });

  const channel = await ada.channels.create.mutate({ type: "webhook", url: receiver.url });
  receiver.trust(channel.secret ?? "");

  let reminderId = "";
  await step("remind", "A reminder out of plain English, echoed in Ada's own time", async () => {
    const { understood } = await ada.messages.send.mutate({ text: "Remind me in 3 seconds to buy Dima a chalk bag" });
    const found = understood.find((one) => one.kind === "reminder");
    if (found === undefined) return { held: false, shown: ["nothing was understood"] };
    reminderId = found.reminderId;
    return { held: found.next !== null, shown: [`${found.title}: ${found.next?.sentence ?? "never"}`] };
  });

  await step("fire", "The worker, a process of its own, delivers it to Ada's webhook", async () => {
    const delivered = await receiver.next((one) => JSON.stringify(one.body).includes(reminderId), 20_000);
    return { held: reminderId !== "", shown: [`${delivered.body.type} ${dim(delivered.id)}`] };
  });

  await step("signature", "Its signature is valid (Standard Webhooks)", async () => {
    const delivered = receiver.received.find((one) => JSON.stringify(one.body).includes(reminderId));
    const times = receiver.received.filter((one) => one.id === delivered?.id).length;
    return { held: delivered?.valid === true && times === 1, shown: [`HMAC-SHA256 over id, timestamp and body; delivered ${times} time`] };
  });

  await step("isolation", "Ben, on the same server, sees none of it", async () => {
    const [listed, searched, byId] = await Promise.all([
      ben.messages.list.query({}),
      ben.recall.search.query({ query: "Dima climbing birthday" }),
      ben.facts.byId.query({ id: factId }).then(
        () => "found",
        (error: { data?: { code?: string } }) => error.data?.code ?? "unknown",
      ),
    ]);
    return {
      held: listed.items.length === 0 && searched.results.length === 0 && byId === "NOT_FOUND",
      shown: [`list: ${listed.items.length} messages · search: ${searched.results.length} results · Ada's fact by its id: ${byId}`],
    };
  });

  await step("forget", "“Forget everything about Dima”: a preview first, then it is gone", async () => {
    const { understood } = await ada.messages.send.mutate({ text: "Forget everything about Dima" });
    const request = understood.find((one) => one.kind === "forget");
    if (request === undefined) return { held: false, shown: ["nothing was understood"] };
    const { entities, facts, messages, reminders } = request.preview;
    await ada.entities.forget.mutate({
      entityIds: entities.map(({ id }) => id),
      factIds: facts.map(({ id }) => id),
      messageIds: messages.map(({ id }) => id),
      reminderIds: reminders.map(({ id }) => id),
    });
    const { results } = await ada.recall.search.query({ query: "Dima climbing birthday" });
    const left = await ada.facts.byId.query({ id: factId }).then(
      () => "still there",
      () => "gone",
    );
    return {
      held: results.length === 0 && left === "gone" && facts.length > 0,
      shown: [
        `preview: ${entities.length} person, ${facts.length} fact, ${messages.length} messages, ${reminders.length} reminder`,
        `after: ${results.length} search results, the fact and its quote are ${left}`,
      ],
    };
  });
}

/** Kill -9 of everything with a reminder about to fire: what was acknowledged is there, and the reminder comes. */
async function crash(
  running: { server: ServerProcess },
  environment: Record<string, string>,
  keys: { ada: string },
  receiver: WebhookReceiver,
): Promise<void> {
  await step("crash", "kill -9 of server and worker, then a new start: nothing is lost", async () => {
    const before = createMemaClient({ url: running.server.url, apiKey: keys.ada });
    const reminder = await before.reminders.create.mutate({ title: "Water the plants", in: "PT2S" });
    const acknowledged: string[] = [];
    const stop = new AbortController();
    const write = async (lane: number) => {
      for (let at = 0; !stop.signal.aborted && at < 200; at++) {
        try {
          const { items } = await before.messages.ingest.mutate({ messages: [{ text: `note ${lane}-${at}` }] });
          acknowledged.push(...items.map(({ id }) => id));
        } catch {
          return;
        }
      }
    };
    const writing = Promise.all([0, 1, 2, 3].map(write));
    while (acknowledged.length < 25) await new Promise((resolve) => setImmediate(resolve));
    await running.server.kill();
    stop.abort();
    await writing;
    running.server = await startServerProcess(environment);
    const after = createMemaClient({ url: running.server.url, apiKey: keys.ada });
    const missing: string[] = [];
    for (const id of acknowledged) await after.messages.byId.query({ id }).catch(() => missing.push(id));
    const delivered = await receiver.next((one) => JSON.stringify(one.body).includes(reminder.id), 30_000);
    return {
      held: missing.length === 0 && delivered.valid === true,
      shown: [`${acknowledged.length} messages acknowledged, ${missing.length} lost`, `the due reminder was delivered: ${reminder.title}`],
    };
  });
}

const start = performance.now();
const folder = mkdtempSync(join(tmpdir(), "mema-demo-"));
const database = await throwawayDatabase();
const environment = {
  ...database.environment,
  MEMA_DATA_DIR: folder,
  PORT: "0",
  HOST: "127.0.0.1",
  MEMA_ALLOW_PRIVATE_WEBHOOKS: "1",
  LOG_LEVEL: "error",
};
const receiver = await startWebhookReceiver();
let running: { server: ServerProcess } | null = null;
try {
  say();
  say(`${styleText("bold", "Mema, from a message to a reminder that fires")} ${dim(`on ${database.description}`)}`);
  say();
  running = { server: await startServerProcess(environment) };
  const { url, apiKey, adminKey } = running.server;
  if (apiKey === null || adminKey === null) throw new Error("the server printed no keys");
  say(dim(`server and worker are up at ${url} after ${((performance.now() - start) / 1000).toFixed(1)} s`));
  say();
  const admin = createMemaClient({ url, apiKey: adminKey });
  const ada = await admin.users.create.mutate({ name: "Ada", timezone: "Europe/Berlin" });
  const ben = await admin.users.create.mutate({ name: "Ben", timezone: "America/New_York" });
  await tell({ ada: createMemaClient({ url, apiKey: ada.apiKey }), ben: createMemaClient({ url, apiKey: ben.apiKey }), receiver });
  await crash(running, environment, { ada: ada.apiKey }, receiver);
} catch (error) {
  say(styleText("red", error instanceof Error ? error.message : String(error)));
} finally {
  await running?.server.stop();
  await receiver.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
}

const held = names.filter((name) => steps[name]).length;
say();
say(
  `${held === names.length ? styleText("green", `${held} of ${names.length} steps held`) : styleText("red", `only ${held} of ${names.length} steps held`)} ${dim(`in ${((performance.now() - start) / 1000).toFixed(1)} s`)}`,
);
if (options.json) console.log(JSON.stringify({ steps }));
process.exitCode = held === names.length ? 0 : 1;
