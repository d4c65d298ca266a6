import type { MemaClient } from "@mema/api/client";

/** What a query of the API answers with. */
type Answer<Query extends (...parameters: never[]) => Promise<unknown>> = Awaited<ReturnType<Query>>;

export type Message = Answer<MemaClient["messages"]["byId"]["query"]>;
export type Fact = Answer<MemaClient["facts"]["byId"]["query"]>;
export type Entity = Answer<MemaClient["entities"]["byId"]["query"]>;
export type ApiKey = Answer<MemaClient["apiKeys"]["list"]["query"]>["items"][number];
export type Understood = Answer<MemaClient["messages"]["send"]["mutate"]>["understood"][number];
export type ForgetPreview = Answer<MemaClient["entities"]["previewForget"]["query"]>;
export type RecallResult = Answer<MemaClient["recall"]["search"]["query"]>["results"][number];
export type Reminder = Answer<MemaClient["reminders"]["byId"]["query"]>;
export type Moment = Answer<MemaClient["reminders"]["preview"]["query"]>["occurrences"][number];
export type Occurrence = Answer<MemaClient["reminders"]["history"]["query"]>["items"][number];
export type ReminderChange = Answer<MemaClient["reminders"]["changes"]["query"]>["items"][number];
export type Delivery = Answer<MemaClient["reminders"]["deliveries"]["query"]>["items"][number];
export type Attempt = Answer<MemaClient["reminders"]["attempts"]["query"]>["items"][number];
export type Channel = Answer<MemaClient["channels"]["byId"]["query"]>;
