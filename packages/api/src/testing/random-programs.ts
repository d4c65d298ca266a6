import { randomUUID } from "node:crypto";
import { callTRPCProcedure, TRPCError } from "@trpc/server";
import * as fc from "fast-check";
import { createContext } from "../context.ts";
import { appRouter } from "../root.ts";
import type { TestApi } from "../testing.ts";

type Kind = "fact" | "message" | "entity" | "reminder" | "conversation";

/** One call of one user. `of` names a thing that the user made before (or, when `foreign`, another user did): its id goes into `field`. */
export interface Step {
  user: number;
  path: string;
  input: Record<string, unknown>;
  of?: { kind: Kind; which: number; field: string; foreign: boolean };
}

const names = ["Dima", "Lena", "Oslo", "the harbour"];
const words = ["climbing", "lighthouse", "tea", "a red bicycle", "the night train", "chess"];
const start = Date.parse("2026-01-05T08:00:00Z");

const name = fc.constantFrom(...names);
const word = fc.constantFrom(...words);
const sentence = fc.tuple(name, word).map(([who, what]) => `${who} likes ${what}`);
const said = fc.oneof(
  sentence,
  sentence.map((text) => `Remember that ${text}.`),
  fc.constant("Remind me on 3 March 2031 at 9:00 to water the plants"),
  name.map((who) => `What do you know about ${who}?`),
);
const question = fc.oneof(
  word,
  name,
  fc.tuple(name, word).map(([who, what]) => `what about ${who} and ${what}?`),
);
const limit = fc.constantFrom(1, 3, 50);

type Call = Omit<Step, "user">;
const call = (path: string, input: fc.Arbitrary<Record<string, unknown>> = fc.constant({})) =>
  input.map((given): Call => ({ path, input: given }));
const about = (path: string, kind: Kind, field: string, input: fc.Arbitrary<Record<string, unknown>> = fc.constant({})) =>
  fc
    .tuple(input, fc.nat(9), fc.nat(3))
    .map(([given, which, foreign]): Call => ({ path, input: given, of: { kind, which, field, foreign: foreign === 3 } }));

const anyCall = fc.oneof(
  {
    weight: 4,
    arbitrary: call(
      "messages.send",
      said.map((text) => ({ text })),
    ),
  },
  {
    weight: 2,
    arbitrary: call(
      "messages.ingest",
      fc.array(sentence, { minLength: 1, maxLength: 4 }).map((texts) => ({ messages: texts.map((text) => ({ text })) })),
    ),
  },
  {
    weight: 3,
    arbitrary: call(
      "facts.create",
      sentence.map((content) => ({ content })),
    ),
  },
  {
    weight: 1,
    arbitrary: call(
      "entities.create",
      name.map((canonicalName) => ({ canonicalName })),
    ),
  },
  {
    weight: 1,
    arbitrary: call(
      "conversations.create",
      word.map((title) => ({ title })),
    ),
  },
  {
    weight: 1,
    arbitrary: call(
      "reminders.create",
      word.map((title) => ({ title, at: { local: "2031-05-01T09:00:00", tz: "Europe/Berlin" } })),
    ),
  },
  { weight: 5, arbitrary: call("recall.search", fc.record({ query: question, limit, explain: fc.boolean() })) },
  { weight: 1, arbitrary: call("recall.pack", fc.record({ query: question, maxTokens: fc.constantFrom(100, 1_000) })) },
  {
    weight: 3,
    arbitrary: fc.constantFrom("facts", "messages", "entities", "conversations", "reminders").chain((noun) =>
      call(
        `${noun}.list`,
        limit.map((size) => ({ limit: size })),
      ),
    ),
  },
  { weight: 1, arbitrary: call("events.list") },
  {
    weight: 1,
    arbitrary: call(
      "entities.previewForget",
      word.map((forgotten) => ({ words: forgotten })),
    ),
  },
  { weight: 2, arbitrary: about("facts.byId", "fact", "id") },
  {
    weight: 2,
    arbitrary: about(
      "facts.update",
      "fact",
      "id",
      sentence.map((content) => ({ content, version: 1 })),
    ),
  },
  { weight: 1, arbitrary: about("facts.retract", "fact", "id", fc.constant({ version: 1 })) },
  { weight: 1, arbitrary: about("facts.delete", "fact", "id") },
  {
    weight: 1,
    arbitrary: about(
      "facts.create",
      "entity",
      "entityIds",
      sentence.map((content) => ({ content })),
    ),
  },
  { weight: 1, arbitrary: about("messages.delete", "message", "id", fc.record({ withFacts: fc.boolean() })) },
  {
    weight: 1,
    arbitrary: about(
      "messages.send",
      "conversation",
      "conversationId",
      sentence.map((text) => ({ text })),
    ),
  },
  { weight: 1, arbitrary: about("entities.delete", "entity", "id") },
  { weight: 1, arbitrary: about("reminders.complete", "reminder", "id") },
  { weight: 1, arbitrary: about("conversations.delete", "conversation", "id") },
);

/** A program of calls by `users` users, in any order. */
export const program = (users: number, maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.tuple(fc.nat(users - 1), anyCall).map(([user, made]): Step => ({ user, ...made })),
    { minLength: 2, maxLength, size: "max" },
  );

/** The program as calls that a reader can type. */
export const printProgram = (steps: readonly Step[]): string =>
  steps
    .map(({ user, path, input, of }) => {
      const reference = of === undefined ? "" : `, ${of.field} = ${of.foreign ? "another user's " : ""}${of.kind} ${of.which}`;
      return `user${user}.${path}(${JSON.stringify(input)}${reference})`;
    })
    .join("\n");

/** Runs a program for the users in `credentials` (the others' steps are left out) and gives what each was answered, in order. */
export async function runProgram(
  api: TestApi,
  steps: readonly Step[],
  credentials: ReadonlyMap<number, string>,
): Promise<Map<number, unknown[]>> {
  const made = new Map<string, string[]>();
  const answers = new Map<number, unknown[]>([...credentials.keys()].map((user) => [user, []]));
  for (const [at, step] of steps.entries()) {
    const credential = credentials.get(step.user);
    if (credential === undefined) continue;
    const answer = await runStep(api, step, credential, timed(step, at), made);
    answers.get(step.user)?.push(answer);
  }
  return answers;
}

/** Times are the program's own, a minute apart. */
function timed({ path, input }: Step, at: number): Record<string, unknown> {
  const sentAt = (offset: number) => new Date(start + at * 60_000 + offset * 1_000).toISOString();
  if (path === "messages.send") return { ...input, sentAt: sentAt(0) };
  if (path !== "messages.ingest") return input;
  const { messages } = input as { messages: object[] };
  return { messages: messages.map((message, index) => ({ ...message, sentAt: sentAt(index) })) };
}

async function runStep(
  api: TestApi,
  step: Step,
  credential: string,
  input: Record<string, unknown>,
  made: Map<string, string[]>,
): Promise<unknown> {
  const { user, path, of } = step;
  if (of !== undefined) {
    const owners = of.foreign
      ? [...made.keys()].filter((key) => key.endsWith(of.kind) && !key.startsWith(`${user} `))
      : [`${user} ${of.kind}`];
    const known = owners.flatMap((key) => made.get(key) ?? []);
    // Where the other users are not there, their ids are those of nobody.
    const id = known[of.which % Math.max(1, known.length)] ?? randomUUID();
    input = { ...input, [of.field]: of.field.endsWith("Ids") ? [id] : id };
  }
  try {
    const type = path.endsWith(".list") || /\.(byId|search|previewForget)$/.test(path) ? "query" : "mutation";
    const ctx = createContext(api.services, { credential });
    const answer: unknown = await callTRPCProcedure({
      router: appRouter,
      path,
      type,
      ctx,
      signal: ctx.request.signal,
      batchIndex: 0,
      getRawInput: async () => input,
    });
    for (const [kind, id] of madeBy(path, answer)) made.set(`${user} ${kind}`, [...(made.get(`${user} ${kind}`) ?? []), id]);
    return { path, answer };
  } catch (error) {
    if (!(error instanceof TRPCError)) throw error;
    return { path, error: error.code, message: error.message };
  }
}

function madeBy(path: string, answer: unknown): [Kind, string][] {
  const { id, message, fact } = answer as { id?: string; message?: { id: string }; fact?: { id: string } };
  const kinds: Record<string, Kind> = {
    "facts.create": "fact",
    "entities.create": "entity",
    "reminders.create": "reminder",
    "conversations.create": "conversation",
  };
  const kind = kinds[path];
  return [
    ...(kind !== undefined && id !== undefined ? [[kind, id] as [Kind, string]] : []),
    ...(message === undefined ? [] : [["message", message.id] as [Kind, string]]),
    ...(fact === undefined ? [] : [["fact", fact.id] as [Kind, string]]),
  ];
}
