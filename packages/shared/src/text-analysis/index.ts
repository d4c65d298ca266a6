export * from "./asked-fact-types.ts";
export * from "./fold.ts";
export * from "./languages.ts";
export * from "./terms.ts";
export * from "./query.ts";
export * from "./related.ts";
export * from "./time-expressions.ts";
export * from "./similar.ts";
