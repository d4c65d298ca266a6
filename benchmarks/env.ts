/** What benchmarks read of the environment. */
export const benchmarkEnvironment = { databaseUrl: process.env["DATABASE_URL"] ?? null } as const;
