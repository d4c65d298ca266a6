import * as fc from "fast-check";
import { expect, test } from "vitest";
import { retryAfterSeconds, retryDelaySeconds } from "./backoff.ts";

const now = new Date("2026-11-21T10:00:00Z");
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("follows the table without jitter in the middle of the range", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 50].map((attempt) => retryDelaySeconds(attempt, 0.5))).toEqual([5, 30, 120, 600, 1800, 3600, 3600, 3600]);
});

test("jitter stays within 80% to 120% and keeps successive delays in order until an hour", () => {
  expect(retryDelaySeconds(1, 0)).toBe(4);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), random, (attempt, first) => {
      const base = retryDelaySeconds(attempt, 0.5);
      const delay = retryDelaySeconds(attempt, first);
      expect(delay).toBeGreaterThanOrEqual(base * 0.8);
      expect(delay).toBeLessThanOrEqual(base * 1.2);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), random, random, (attempt, first, second) => {
      expect(retryDelaySeconds(attempt + 1, second)).toBeGreaterThan(retryDelaySeconds(attempt, first));
    }),
  );
});

test("an attempt counts from 1", () => {
  expect(() => retryDelaySeconds(0, 0.5)).toThrow("attempt counts from 1");
});

test.each([
  ["120", 120],
  [" 0 ", 0],
  ["999999999999", 86_400],
  ["Sat, 21 Nov 2026 10:01:30 GMT", 90],
  ["Saturday, 21-Nov-26 10:01:30 GMT", 90],
  ["Sat Nov 21 10:01:30 2026", 90],
  ["Sat, 21 Nov 2026 09:00:00 GMT", 0],
  ["Sun, 21 Nov 2027 10:00:00 GMT", 86_400],
  ["-5", null],
  ["1.5", null],
  ["soon", null],
  ["2026-11-21T10:01:30Z", null],
  ["Sat, 99 Foo 2026 10:01:30 GMT", null],
  ["", null],
  [null, null],
  [undefined, null],
])("Retry-After %s is %s", (header, expected) => {
  expect(retryAfterSeconds(header, now)).toBe(expected);
});
