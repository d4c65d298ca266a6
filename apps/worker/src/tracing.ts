import { type Attributes, context, propagation, type Span, SpanStatusCode, trace } from "@opentelemetry/api";

const tracer = trace.getTracer("@mema/worker");

/** Runs a body as a span, which it may describe: codes and counts, never ids of users, addresses or texts. Costs nothing without an SDK. */
export function inSpan<T>(name: string, attributes: Attributes, body: (span: Span) => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await body(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : "unknown" });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** What carries the trace to the server: `traceparent`, or nothing without an SDK. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}
