/** What tests read of the environment: never DATABASE_URL. */
export const testEnvironment = {
  ci: process.env["CI"] === "true",
  databaseUrl: process.env["TEST_DATABASE_URL"] ?? null,
  engine: process.env["MEMA_TEST_ENGINE"] === "postgres" ? "postgres" : "embedded",
  scale: process.env["MEMA_TEST_SCALE"] === "full" ? "full" : "ci",
} as const;
