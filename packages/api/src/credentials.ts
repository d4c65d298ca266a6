import { randomBytes, timingSafeEqual } from "node:crypto";
import { hashToken } from "@mema/db";
import type { ServiceKeyKind } from "@mema/shared";

/** A new key of 256 random bits for the operator or the worker. */
export const newServerKey = (kind: ServiceKeyKind): string => `mema_${kind}_${randomBytes(32).toString("base64url")}`;

/** The admin and service keys that a server was started with, as hashes. */
export class ServerKeys {
  readonly #known: { kind: ServiceKeyKind; hash: Buffer }[];

  constructor(keys: { kind: ServiceKeyKind; key: string }[]) {
    this.#known = keys.map(({ kind, key }) => ({ kind, hash: Buffer.from(hashToken(key), "hex") }));
  }

  find(hash: string): ServiceKeyKind | null {
    const asked = Buffer.from(hash, "hex");
    return this.#known.find((known) => timingSafeEqual(known.hash, asked))?.kind ?? null;
  }
}
