export * from "./testing/cluster.ts";
export * from "./testing/database.ts";
export * from "./testing/env.ts";
