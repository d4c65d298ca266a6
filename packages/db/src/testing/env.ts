const scale = process.env["MEMA_TEST_SCALE"] === "full" ? "full" : "ci";

/** What tests read of the environment: never DATABASE_URL. */
export const testEnvironment = {
  ci: process.env["CI"] === "true",
  databaseUrl: process.env["TEST_DATABASE_URL"] ?? null,
  engine: process.env["MEMA_TEST_ENGINE"] === "postgres" ? "postgres" : "embedded",
  /** How many transactions the soak makes at full scale; less than a million to run it in parts. */
  soakTransactions: Number(process.env["MEMA_TEST_SOAK_TRANSACTIONS"] ?? 1_000_000),
  scale,
  /** How often each fault happens in a row. */
  times: Number(process.env["MEMA_TEST_TIMES"] ?? (scale === "full" ? 20 : 1)),
} as const;

/** Options of a test of a fault, each time with the hooks around it. */
export const faultOptions = { repeats: testEnvironment.times - 1 };
