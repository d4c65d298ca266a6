export { type ProofResult, Record } from "./property.ts";
export { Stage, throwaway } from "./stage.ts";
export { alone, properties } from "./prove-isolation.ts";
