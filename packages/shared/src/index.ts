export * from "./enumerations.ts";
export * from "./errors.ts";
export * from "./result.ts";
