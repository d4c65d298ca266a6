/** What benchmarks read of the environment. */
export const benchmarkEnvironment = {
  databaseUrl: process.env["DATABASE_URL"] ?? null,
  /** What a program needs that is started with settings of its own. */
  programs: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "" },
} as const;
