export * from "./testing/as-owner.ts";
export * from "./testing/cluster.ts";
export * from "./testing/database.ts";
export * from "./testing/env.ts";
