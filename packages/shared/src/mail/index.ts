export * from "./mailbox.ts";
export * from "./send-mail.ts";
