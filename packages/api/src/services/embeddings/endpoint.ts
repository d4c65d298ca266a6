import { setTimeout as wait } from "node:timers/promises";
import { AppError, retryAfterSeconds } from "@mema/shared";
import { z } from "zod";

/** What an operator sets: where texts become vectors. */
export interface EmbeddingSettings {
  /** The address that `/embeddings` is under, as https://api.openai.com/v1. */
  url: string;
  model: string;
  apiKey?: string | undefined;
  /** How many numbers to ask for, at most 1,536; absent: as many as the model gives. */
  dimensions?: number | undefined;
}

export interface Embedded {
  /** One for each text, in their order, all of one length. */
  vectors: number[][];
  /** As the endpoint counted them, null when it did not. */
  tokens: number | null;
}

export interface EmbedOptions {
  signal: AbortSignal;
  /** For each attempt. */
  timeoutMs: number;
  attempts: number;
}

/** The endpoint understood the request and will not embed one of these texts (or any: a wrong model looks the same). */
export class TextRefused extends Error {
  override readonly name = "TextRefused";
}

const mostDimensions = 1_536;
const firstDelayMs = 500;
/** A longer Retry-After is not waited for here: the error carries it. */
const longestDelayMs = 10_000;

const reply = z.object({
  data: z.array(z.object({ index: z.int().min(0).optional(), embedding: z.array(z.number()).min(1) })),
  usage: z.object({ total_tokens: z.int().min(0).optional(), prompt_tokens: z.int().min(0).optional() }).nullish(),
});

/**
 * Speaks to any endpoint that has OpenAI's form of `POST /embeddings`. What comes back is checked: as many vectors as texts, of one length,
 * finite, not all zeros. Throws UNAVAILABLE (with `retryAfterSeconds` when told) when it cannot be reached, is overloaded, or answers
 * nonsense, PRECONDITION_FAILED when the settings are wrong, TextRefused when it will not take a text. No error holds a text.
 */
export class EmbeddingEndpoint {
  readonly model: string;
  /** Until when (`performance.now()`) no question asks it: it failed just before. */
  restsUntil = 0;
  readonly #settings: EmbeddingSettings;
  #asked: number | undefined;
  #dimensions: number | null;

  constructor(settings: EmbeddingSettings) {
    this.model = settings.model;
    this.#settings = settings;
    this.#asked = settings.dimensions;
    this.#dimensions = settings.dimensions ?? null;
  }

  /** How many numbers a vector has; null until it is set or the first one came. */
  get dimensions(): number | null {
    return this.#dimensions;
  }

  async embed(texts: readonly string[], options: EmbedOptions): Promise<Embedded> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ask(texts, options);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== "UNAVAILABLE" || attempt >= options.attempts) throw error;
        const delayMs = error.retryAfterSeconds === undefined ? firstDelayMs * 2 ** (attempt - 1) : error.retryAfterSeconds * 1_000;
        if (delayMs > longestDelayMs) throw error;
        await wait(delayMs, undefined, { signal: options.signal });
      }
    }
  }

  async #ask(texts: readonly string[], options: EmbedOptions): Promise<Embedded> {
    const { data, usage } = await this.#post(texts, options);
    const ordered = data.every(({ index }) => index !== undefined) ? data.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0)) : data;
    const vectors = ordered.map(({ embedding }) => embedding);
    const [length = 0] = vectors.map((vector) => vector.length);
    if (vectors.length !== texts.length || ordered.some(({ index }, at) => index !== undefined && index !== at)) {
      throw unusable(`${vectors.length} vectors for ${texts.length} texts`);
    }
    if (vectors.some((vector) => vector.length !== length)) throw unusable("vectors of different lengths");
    if (vectors.some((vector) => !vector.some((value) => value !== 0))) throw unusable("a vector of zeros");
    if (length > mostDimensions && this.#asked === undefined) {
      // Many models shorten their vectors when asked to.
      this.#asked = mostDimensions;
      return this.#ask(texts, options);
    }
    if (length > mostDimensions || (this.#asked !== undefined && length !== this.#asked)) {
      throw new AppError(
        "PRECONDITION_FAILED",
        `The embedding model gave ${length} numbers where ${this.#asked ?? mostDimensions} were asked for: set MEMA_EMBEDDINGS_DIMENSIONS to what it gives, at most ${mostDimensions}.`,
      );
    }
    this.#dimensions = length;
    return { vectors, tokens: usage?.total_tokens ?? usage?.prompt_tokens ?? null };
  }

  async #post(input: readonly string[], { signal, timeoutMs }: EmbedOptions): Promise<z.infer<typeof reply>> {
    const { url, model, apiKey } = this.#settings;
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(`${url.replace(/\/+$/, "")}/embeddings`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
        body: JSON.stringify({ model, input, ...(this.#asked === undefined ? {} : { dimensions: this.#asked }) }),
        redirect: "error",
        signal: AbortSignal.any([signal, limit]),
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw refusal(response);
      }
      const parsed = reply.safeParse(await response.json());
      if (!parsed.success) throw unusable("not the form of an embeddings reply");
      return parsed.data;
    } catch (error) {
      if (error instanceof AppError || error instanceof TextRefused) throw error;
      if (signal.aborted) throw signal.reason;
      // Never the cause: a parser's message quotes what it read.
      throw new AppError(
        "UNAVAILABLE",
        limit.aborted ? `The embedding endpoint did not answer within ${timeoutMs} ms.` : unreachable(error),
      );
    }
  }
}

function unreachable(error: unknown): string {
  const code = error instanceof Error && error.cause instanceof Error && "code" in error.cause ? ` (${String(error.cause.code)})` : "";
  return error instanceof SyntaxError ? "The embedding endpoint gave no JSON." : `The embedding endpoint cannot be reached${code}.`;
}

function refusal({ status, headers }: Response): Error {
  if ([400, 413, 422].includes(status)) return new TextRefused(`The embedding endpoint refused the request (${status}).`);
  if (status === 408 || status === 429 || status >= 500) {
    // By the endpoint's own clock, so that it does not matter how ours goes.
    const seconds = retryAfterSeconds(headers.get("retry-after"), new Date(headers.get("date") ?? Number.NaN));
    const told = seconds === null || Number.isNaN(seconds) ? {} : { retryAfterSeconds: seconds };
    return new AppError("UNAVAILABLE", `The embedding endpoint answered ${status}.`, told);
  }
  return new AppError(
    "PRECONDITION_FAILED",
    `The embedding endpoint answered ${status}: check MEMA_EMBEDDINGS_URL, MEMA_EMBEDDINGS_MODEL and MEMA_EMBEDDINGS_API_KEY.`,
  );
}

const unusable = (what: string) => new AppError("UNAVAILABLE", `The embedding endpoint's answer cannot be used: ${what}.`);
