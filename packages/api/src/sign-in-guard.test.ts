import { AppError } from "@mema/shared";
import { expect, test } from "vitest";
import { SignInGuard } from "./sign-in-guard.ts";

function guardAt(start = 0) {
  const time = { now: start };
  return { time, guard: new SignInGuard({ failures: 3, windowSeconds: 60, clock: () => time.now }) };
}

const heldOff = (guard: SignInGuard, address: string | null, hash = "unknown") => {
  try {
    guard.check(address, hash);
    return null;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error;
  }
};

test("holds an address off after its failures, says for how long, and lets it in again after the window", () => {
  const { guard, time } = guardAt(5_000);
  for (let at = 0; at < 3; at++) {
    expect(heldOff(guard, "192.0.2.1")).toBeNull();
    guard.failed("192.0.2.1", `guess ${at}`);
  }
  time.now += 20_000;
  expect(heldOff(guard, "192.0.2.1")).toMatchObject({ code: "TOO_MANY_REQUESTS", retryAfterSeconds: 40 });
  expect(heldOff(guard, "192.0.2.2")).toBeNull();
  time.now += 40_000;
  expect(heldOff(guard, "192.0.2.1")).toBeNull();
});

test("a key that worked passes from an address that is held off, until it fails itself", () => {
  const { guard } = guardAt();
  guard.passed("good");
  for (let at = 0; at < 3; at++) guard.failed("192.0.2.1", `guess ${at}`);
  expect(heldOff(guard, "192.0.2.1", "good")).toBeNull();
  guard.failed("192.0.2.1", "good");
  expect(heldOff(guard, "192.0.2.1", "good")).not.toBeNull();
});

test("counts an IPv6 network of 64 bits as one, an IPv4 address the same in its IPv6 form, and no caller in this process", () => {
  const { guard } = guardAt();
  for (const address of ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:DB8:1:2:3:4:5:6"]) guard.failed(address, "x");
  expect(heldOff(guard, "2001:db8:1:2::77")).not.toBeNull();
  expect(heldOff(guard, "2001:db8:1:3::77")).toBeNull();
  for (let at = 0; at < 3; at++) guard.failed("::ffff:192.0.2.9", "x");
  expect(heldOff(guard, "192.0.2.9")).not.toBeNull();
  for (let at = 0; at < 9; at++) guard.failed(null, "x");
  expect(heldOff(guard, null)).toBeNull();
});

test("remembers a bounded number of addresses and keys", () => {
  const { guard } = guardAt();
  for (let at = 0; at < 3; at++) guard.failed("192.0.2.1", "x");
  guard.passed("good");
  for (let at = 0; at < 10_000; at++) {
    guard.failed(`198.51.${at >> 8}.${at & 255}`, "x");
    guard.passed(`other ${at}`);
  }
  expect(heldOff(guard, "192.0.2.1")).toBeNull();
  for (let at = 0; at < 3; at++) guard.failed("192.0.2.1", "x");
  expect(heldOff(guard, "192.0.2.1", "good")).not.toBeNull();
});
