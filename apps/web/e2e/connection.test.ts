import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemaClient } from "@mema/api/client";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, say, visit } from "../testing/browser.ts";
import { type MemaServer, newKeys, startMemaServer } from "../testing/mema-server.ts";

const keys = newKeys();
let dataDir: string;
let server: MemaServer;
let browser: Browser;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "mema-web-"));
  [server, browser] = await Promise.all([startMemaServer({ dataDir, keys, worker: false }), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

test("a message written offline waits, and is stored once when the connection is back", async () => {
  const { page, close } = await visit(browser, server.url, keys.userKey);
  await page.getByText("Live").waitFor();
  await page.context().setOffline(true);
  await page.getByLabel("Message", { exact: true }).fill("Remember that the ferry leaves at noon.");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Waiting for the connection").waitFor();
  await page.getByText("The connection is interrupted.").waitFor();
  await page.context().setOffline(false);
  await page.locator(".message:not(.waiting)").filter({ hasText: "ferry" }).waitFor();
  await page.getByText("Waiting for the connection").waitFor({ state: "detached" });
  const { items } = await createMemaClient({ url: server.url, apiKey: keys.userKey }).messages.list.query({});
  expect(items.map(({ content }) => content)).toEqual(["Remember that the ferry leaves at noon."]);
  await close();
});

test("after the server was restarted the page comes up to date by itself, and is live again", async () => {
  const { page, close } = await visit(browser, server.url, keys.userKey);
  await page.getByText("Live").waitFor();
  const port = Number(new URL(server.url).port);
  await server.stop();
  await page.getByText("The connection is interrupted.").waitFor();
  server = await startMemaServer({ dataDir, keys, port, worker: false });
  const client = createMemaClient({ url: server.url, apiKey: keys.userKey });
  await client.messages.send.mutate({ text: "Said while the page was away." });
  await page.getByText("Said while the page was away.").waitFor({ timeout: 30_000 });
  await page.getByText("Live").waitFor({ timeout: 30_000 });
  await client.messages.send.mutate({ text: "Said when it was back." });
  await page.getByText("Said when it was back.").waitFor();
  expect(await page.getByText("The connection is interrupted.").count()).toBe(0);
  await close();
});

test("what the server refuses is taken back in the page, and said", async () => {
  const { page, close } = await visit(browser, server.url, keys.userKey);
  await say(page, "Remember that the boiler is old.");
  await page.route("**/trpc/facts.delete*", (route) => route.fulfill({ status: 500, contentType: "application/json", body: "[]" }));
  const card = page.locator(".understood-card").filter({ hasText: "boiler" });
  await card.getByRole("button", { name: "Undo" }).click();
  await page.getByText("It could not be undone.").waitFor();
  await card.waitFor();
  expect(await card.getByRole("button", { name: "Undo" }).isEnabled()).toBe(true);
  await close();
});
