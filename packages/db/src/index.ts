export * from "./connection/access.ts";
export * from "./connection/client.ts";
export * from "./errors.ts";
export * from "./migrate/passwords.ts";
export * from "./migrate/run-migrations.ts";
export * from "./schema/index.ts";
