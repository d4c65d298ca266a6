import { type Attributes, context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { TRPCError } from "@trpc/server";

const tracer = trace.getTracer("@mema/api");

/** Goes on with the trace that a request came with (`traceparent`). Does nothing where no OpenTelemetry SDK is registered. */
export const withTraceOf = <T>(headers: Headers, body: () => T): T =>
  context.with(
    propagation.extract(context.active(), headers, {
      get: (carrier, name) => carrier.get(name) ?? undefined,
      keys: (carrier) => [...carrier.keys()],
    }),
    body,
  );

/**
 * Runs a body as a span. Attributes are names, codes and counts; of an error only its code is kept, for its message may hold what a user
 * wrote.
 */
export function inSpan<T>(name: string, attributes: Attributes, body: () => Promise<T>, kind = SpanKind.INTERNAL): Promise<T> {
  return tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
    try {
      return await body();
    } catch (error) {
      const code = error instanceof TRPCError ? error.code : error instanceof Error ? error.name : "unknown";
      span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      throw error;
    } finally {
      span.end();
    }
  });
}

export { SpanKind };
