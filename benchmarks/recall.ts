import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createCaller, createContext, createUser, embedMemory, EmbeddingEndpoint, ServerKeys, SignInGuard, silentMeter } from "@mema/api";
import { createUserRepository, withUser } from "@mema/db";
import { openBenchmarkClient } from "./database.ts";
import { benchmarkEnvironment } from "./env.ts";
import { baselines } from "./recall/baselines.ts";
import { type BenchUser, type Format, formats, readDataset, syntheticUsers } from "./recall/datasets.ts";
import { measures, percentile, type Quality, qualityOf, type Summary, summarise } from "./recall/metrics.ts";

const found = 20;

/**
 * Stores each user's documents through messages.ingest (a session is a conversation) and asks each question through recall.search, in
 * process; the baselines answer the same questions on the same rows. The users are removed afterwards. With `--embeddings URL` (or
 * `hashed`: a process that hashes words, the weakest there is) each question is asked by words alone and by words and meaning.
 */
export async function measure(parameters: string[]): Promise<{ engine: string; report: object }> {
  const { file, format, embeddings: asked } = readParameters(parameters);
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
  const hashed = asked === "hashed" ? await startHashing() : null;
  const endpoint = asked === undefined ? undefined : new EmbeddingEndpoint({ url: hashed?.url ?? asked, model: "benchmark" });
  try {
    for (const user of users) {
      const { userId, apiKey } = await createUser(db, {});
      const caller = createCaller(createContext(services, { credential: apiKey }));
      const documentOf = await store(caller, user);
      const work = { db, log: services.log, signal: services.closing };
      if (endpoint !== undefined) while ((await embedMemory({ ...work, endpoint })) > 0);
      const byMeaning = createCaller(createContext({ ...services, embeddings: endpoint }, { credential: apiKey }));
      const toDocuments = (ids: readonly string[]) => ids.map((id) => documentOf.get(id) ?? "");
      for (const { text, category, relevant } of user.questions) {
        const start = performance.now();
        const { results } = await caller.recall.search({ query: text.slice(0, 4_000), limit: found });
        const latencyMs = performance.now() - start;
        const qualities = new Map([["mema", qualityOf(toDocuments(results.map(({ id }) => id)), relevant)]]);
        if (endpoint !== undefined) {
          const both = await byMeaning.recall.search({ query: text.slice(0, 4_000), limit: found });
          if (both.meaning !== "used") throw new Error(`the question was answered without embeddings: ${both.meaning}`);
          qualities.set("mema + embeddings", qualityOf(toDocuments(both.results.map(({ id }) => id)), relevant));
        }
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
    hashed?.process.kill();
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

async function startHashing(): Promise<{ url: string; process: ChildProcess }> {
  const program = fileURLToPath(new URL("recall/hashed-embeddings.ts", import.meta.url));
  const child = spawn(process.execPath, [program], { env: benchmarkEnvironment.programs, stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<string>((resolve) => child.stdout.once("data", (line) => resolve(String(line).trim())));
  return { url: `http://127.0.0.1:${port}`, process: child };
}

function readParameters(parameters: readonly string[]): { file: string | undefined; format: Format; embeddings: string | undefined } {
  const valueOf = (name: string) => {
    const at = parameters.indexOf(name);
    return at < 0 ? undefined : parameters[at + 1];
  };
  const file = valueOf("--dataset");
  const format = formats.find((one) => one === (valueOf("--format") ?? "locomo"));
  const embeddings = valueOf("--embeddings");
  if (format === undefined || (file === undefined && parameters.length > (embeddings === undefined ? 0 : 2))) {
    throw new Error(`usage: npm run bench -- recall [--dataset FILE [--format ${formats.join("|")}]] [--embeddings URL|hashed] [--json]`);
  }
  return { file, format, embeddings };
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
  const asked = answers.some(({ qualities }) => qualities.has("mema + embeddings"));
  const withEmbeddings = asked ? { withEmbeddings: of("mema + embeddings") } : {};
  if (withEmbeddings.withEmbeddings !== undefined) row("mema + embeddings", withEmbeddings.withEmbeddings);
  for (const [category, summary] of Object.entries(byCategory)) row(`  category ${category}`, summary);
  console.log(`recall.search: p50 ${latencyMs.p50} ms, p95 ${latencyMs.p95} ms`);
  return { questions: answers.length, overall, byCategory, baselines: compared, latencyMs, ...withEmbeddings };
}
