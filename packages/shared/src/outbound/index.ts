export * from "./post.ts";
export { isPrivateAddress } from "./private-addresses.ts";
