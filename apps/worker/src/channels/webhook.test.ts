import { expect, test } from "vitest";
import { webhookResult } from "./webhook.ts";

const answer = (status: number, retryAfter: string | null = null, date: string | null = null) =>
  webhookResult({ status, retryAfter, date, error: null });

test.each([
  [200, { outcome: "delivered", httpStatus: 200 }],
  [204, { outcome: "delivered", httpStatus: 204 }],
  [301, { outcome: "permanent", error: "http_301", httpStatus: 301 }],
  [404, { outcome: "transient", error: "http_404", httpStatus: 404 }],
  [410, { outcome: "permanent", error: "http_410", httpStatus: 410, disableChannel: true }],
  [413, { outcome: "permanent", error: "http_413", httpStatus: 413 }],
  [429, { outcome: "transient", error: "http_429", httpStatus: 429 }],
  [500, { outcome: "transient", error: "http_500", httpStatus: 500 }],
])("an answer of %i", (status, result) => {
  expect(answer(status)).toEqual(result);
});

test("Retry-After as a date is measured against the receiver's own clock", () => {
  expect(answer(503, "120")).toMatchObject({ retryAfterSeconds: 120 });
  expect(answer(503, "Wed, 21 Oct 2015 07:30:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT")).toMatchObject({ retryAfterSeconds: 120 });
  expect(answer(503, "Wed, 21 Oct 2015 07:30:00 GMT")).not.toHaveProperty("retryAfterSeconds");
});

test("what was handed over and lost may have arrived; what was not is tried again or given back", () => {
  const failed = (error: "timeout" | "aborted" | "connection_failed" | "address_refused", ambiguous: boolean) =>
    webhookResult({ status: null, error, ambiguous }).outcome;
  expect(failed("timeout", true)).toBe("unknown");
  expect(failed("aborted", true)).toBe("unknown");
  expect(failed("aborted", false)).toBe("aborted");
  expect(failed("connection_failed", false)).toBe("transient");
  expect(failed("address_refused", false)).toBe("permanent");
});
