import { randomBytes } from "node:crypto";
import { createCaller, createContext, createUser, ServerKeys, SignInGuard, silentMeter } from "@mema/api";
import { createUserRepository, withUser } from "@mema/db";
import { openBenchmarkClient } from "./database.ts";
import { baselines } from "./recall/baselines.ts";
import { type BenchUser, type Format, formats, readDataset, syntheticUsers } from "./recall/datasets.ts";
import { measures, percentile, type Quality, qualityOf, type Summary, summarise } from "./recall/metrics.ts";

const found = 20;

/**
 * Stores each user's documents through messages.ingest (a session is a conversation) and asks each question through recall.search, in
 * process; the baselines answer the same questions on the same rows. The users are removed afterwards.
 */
export async function measure(parameters: string[]): Promise<{ engine: string; report: object }> {
  const { file, format } = readParameters(parameters);
  const users = file === undefined ? syntheticUsers(new Date(Temporal.Now.instant().epochMilliseconds)) : readDataset(file, format);
  const database = await openBenchmarkClient();
  const { db, engine } = database;
  const services = {
    db,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    limits: { messagesPerHour: 1_000_000 },
    serverKeys: new ServerKeys([]),
    signInGuard: new SignInGuard(),
    secretKey: randomBytes(32),
    allowPrivateWebhooks: false,
    mail: null,
    meter: silentMeter,
    closing: new AbortController().signal,
  };
  const answers: Answer[] = [];
  try {
    for (const user of users) {
      const { userId, apiKey } = await createUser(db, {});
      const caller = createCaller(createContext(services, { credential: apiKey }));
      const documentOf = await store(caller, user);
      const toDocuments = (ids: readonly string[]) => ids.map((id) => documentOf.get(id) ?? "");
      for (const { text, category, relevant } of user.questions) {
        const start = performance.now();
        const { results } = await caller.recall.search({ query: text.slice(0, 4_000), limit: found });
        const latencyMs = performance.now() - start;
        const qualities = new Map([["mema", qualityOf(toDocuments(results.map(({ id }) => id)), relevant)]]);
        await withUser(
          db,
          userId,
          async (tx) => {
            for (const [name, ask] of Object.entries(baselines))
              qualities.set(name, qualityOf(toDocuments(await ask(tx, text, found)), relevant));
          },
          { readOnly: true },
        );
        answers.push({ category, latencyMs, qualities });
      }
      await withUser(db, userId, (tx) => createUserRepository(tx).delete());
      console.log(`${user.name}: ${user.documents.length} documents, ${user.questions.length} questions`);
    }
  } finally {
    await database.close();
  }
  return { engine, report: report(answers) };
}

interface Answer {
  category: string;
  latencyMs: number;
  /** By system. */
  qualities: ReadonlyMap<string, Quality>;
}

function readParameters(parameters: readonly string[]): { file: string | undefined; format: Format } {
  const valueOf = (name: string) => {
    const at = parameters.indexOf(name);
    return at < 0 ? undefined : parameters[at + 1];
  };
  const file = valueOf("--dataset");
  const format = formats.find((one) => one === (valueOf("--format") ?? "locomo"));
  if (format === undefined || (file === undefined && parameters.length > 0)) {
    throw new Error(`usage: npm run bench -- recall [--dataset FILE [--format ${formats.join("|")}]] [--json]`);
  }
  return { file, format };
}

/** Stores a user's documents and returns which document each message is. */
async function store(caller: ReturnType<typeof createCaller>, user: BenchUser): Promise<Map<string, string>> {
  const documentOf = new Map<string, string>();
  for (const entity of user.entities) await caller.entities.create(entity);
  for (const [session, documents] of Map.groupBy(user.documents, ({ session }) => session)) {
    const conversation = session === "" ? undefined : await caller.conversations.create({});
    for (let at = 0; at < documents.length; at += 500) {
      const batch = documents.slice(at, at + 500);
      const { items } = await caller.messages.ingest({
        conversationId: conversation?.id,
        messages: batch.map(({ text, date }) => ({ text, sentAt: date.toISOString() })),
      });
      for (const [index, { id }] of items.entries()) documentOf.set(id, batch[index]?.id ?? "");
    }
  }
  return documentOf;
}

function report(answers: readonly Answer[]) {
  const of = (system: string, category?: string) =>
    summarise(
      answers.flatMap((answer) => (category === undefined || answer.category === category ? (answer.qualities.get(system) ?? []) : [])),
    );
  const categories = [...new Set(answers.map(({ category }) => category))].toSorted();
  const overall = of("mema");
  const compared = Object.fromEntries(Object.keys(baselines).map((name) => [name, of(name)]));
  const byCategory = Object.fromEntries(categories.map((category) => [category, of("mema", category)]));
  const latencies = answers.map(({ latencyMs }) => latencyMs);
  const latencyMs = { p50: percentile(latencies, 0.5), p95: percentile(latencies, 0.95) };
  console.log(`\n${"".padEnd(20)}${["questions", ...measures].map((name) => name.padStart(14)).join("")}`);
  const row = (name: string, { questions, confidence95, ...values }: Summary) =>
    console.log(
      `${name.padEnd(20)}${String(questions).padStart(14)}${measures.map((one) => `${values[one].toFixed(1)} ±${confidence95[one].toFixed(1)}`.padStart(14)).join("")}`,
    );
  for (const [name, summary] of Object.entries(compared)) row(name, summary);
  row("mema", overall);
  for (const [category, summary] of Object.entries(byCategory)) row(`  category ${category}`, summary);
  console.log(`recall.search: p50 ${latencyMs.p50} ms, p95 ${latencyMs.p95} ms`);
  return { questions: answers.length, overall, byCategory, baselines: compared, latencyMs };
}
