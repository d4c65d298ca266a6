import { randomBytes } from "node:crypto";
import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { newId } from "./schema/base.ts";
import { openSecret, sealSecret } from "./secrets.ts";

const key = randomBytes(32);

test("a sealed secret opens to itself, and two seals of it differ", () => {
  assert(
    property(string({ unit: "grapheme" }), (secret) => {
      const owner = { userId: newId(), rowId: newId() };
      const sealed = sealSecret(secret, key, owner);
      expect(openSecret(sealed, key, owner)).toBe(secret);
      expect(sealSecret(secret, key, owner)).not.toBe(sealed);
    }),
  );
});

test("a sealed secret does not open for another user, another row, with another key or with one bit changed", () => {
  const owner = { userId: newId(), rowId: newId() };
  const sealed = sealSecret("whsec_x", key, owner);
  expect(() => openSecret(sealed, key, { ...owner, userId: newId() })).toThrow("cannot be opened");
  expect(() => openSecret(sealed, key, { ...owner, rowId: newId() })).toThrow("cannot be opened");
  expect(() => openSecret(sealed, randomBytes(32), owner)).toThrow("cannot be opened");
  const bytes = Buffer.from(sealed.slice(3), "base64url");
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => openSecret(`v1.${changed.toString("base64url")}`, key, owner)).toThrow("cannot be opened");
  }
});
