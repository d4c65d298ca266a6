import { createMemaClient } from "@mema/api/client";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, say, visit } from "../testing/browser.ts";
import { type MemaServer, startMemaServer } from "../testing/mema-server.ts";

let server: MemaServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([startMemaServer(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

test("the key of a sign-in link never leaves the browser by an address, and is gone with the tab", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const addresses: string[] = [];
  page.on("request", (request) => addresses.push(request.url(), request.headers()["referer"] ?? ""));
  await page.goto(`${server.url}/#key=${server.userKey}`);
  await page.getByRole("heading", { level: 1, name: "Talk" }).waitFor();
  expect(page.url()).toBe(`${server.url}/`);
  expect(addresses.join("\n")).not.toContain(server.userKey);
  expect(await page.evaluate(() => JSON.stringify(Object.entries(localStorage)))).not.toContain(server.userKey);
  await page.close();
  const later = await context.newPage();
  await later.goto(server.url);
  await later.getByRole("heading", { name: "Open your memory" }).waitFor();
  await context.close();
});

test("a key that is wrong is refused in words, and one that is kept on the device opens the memory again", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(server.url);
  await page.getByLabel("API key").fill("mema_wrong");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("alert").filter({ hasText: "opens no memory here" }).waitFor();
  await page.getByLabel("API key").fill(server.userKey);
  await page.getByLabel("Stay signed in").check();
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("heading", { level: 1, name: "Talk" }).waitFor();
  await page.close();
  const later = await context.newPage();
  await later.goto(server.url);
  await later.getByRole("heading", { level: 1, name: "Talk" }).waitFor();
  await later.getByRole("button", { name: "Sign out" }).click();
  await later.getByRole("heading", { name: "Open your memory" }).waitFor();
  expect(await later.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0);
  await context.close();
});

test("what is said is understood, found with its reason, corrected, and forgotten", async () => {
  const { page, complaints, close } = await visit(browser, server.url, server.userKey);
  await say(page, "Remember that Dima loves climbing.");
  await page.locator(".understood-card").filter({ hasText: "Dima loves climbing" }).waitFor();
  expect(await page.locator("mark").first().textContent()).toBe("Remember that Dima loves climbing");

  await page.keyboard.press("Escape");
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("/");
  await page.getByRole("heading", { level: 1, name: "Memory" }).waitFor();
  await page.keyboard.type("who is climbing?");
  const fact = page.getByRole("article").filter({ has: page.getByText("Fact", { exact: true }) });
  await fact.getByText("Found by the word “climb”").waitFor();
  await fact.getByRole("link", { name: "Dima loves climbing" }).click();

  const drawer = page.getByRole("dialog");
  expect(await drawer.locator("blockquote mark").textContent()).toBe("Remember that Dima loves climbing");
  await drawer.getByRole("button", { name: "Correct" }).click();
  await drawer.getByLabel("What is true").fill("Dima loves bouldering");
  await drawer.getByRole("button", { name: "Save as new version" }).click();
  await drawer.getByRole("heading", { name: "Versions" }).waitFor();
  expect(await drawer.locator(".versions button").allTextContents()).toEqual([
    expect.stringContaining("Dima loves bouldering"),
    expect.stringContaining("Dima loves climbing"),
  ]);

  await drawer.getByRole("button", { name: "Forget…" }).click();
  await drawer.getByRole("group", { name: "Forget this fact" }).getByText("Dima loves climbing").waitFor();
  await drawer.getByRole("button", { name: "Forget", exact: true }).click();
  await drawer.waitFor({ state: "detached" });
  await page.getByRole("status").getByText("Forgotten, with all 2 versions.").waitFor();
  const { items } = await createMemaClient({ url: server.url, apiKey: server.userKey }).facts.list.query({});
  expect(items).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

test("on an earlier day nothing is believed that was learnt since", async () => {
  const { page, close } = await visit(browser, server.url, server.userKey);
  await say(page, "Remember that Lena works at the bakery.");
  await page.goto(`${server.url}/memory`);
  const fact = page.getByRole("link", { name: "Lena works at the bakery" });
  await fact.waitFor();
  await page.getByLabel("As believed on").fill("2026-01-05");
  await page.getByText("This is what was believed at the end of 2026-01-05").waitFor();
  await page.getByText("On that day nothing of this kind was known.").waitFor();
  expect(await fact.count()).toBe(0);
  await page.getByRole("button", { name: "Back to today" }).click();
  await fact.click();
  await page.getByRole("button", { name: "Forget…" }).click();
  await page.getByRole("button", { name: "Forget", exact: true }).click();
  await page.getByRole("link", { name: "Lena works at the bakery" }).waitFor({ state: "detached" });
  await close();
});

test("undo takes a remembered fact out again", async () => {
  const { page, close } = await visit(browser, server.url, server.userKey);
  await say(page, "Remember that the spare key is under the mat.");
  const card = page.locator(".understood-card").filter({ hasText: "under the mat" });
  await card.getByRole("button", { name: "Undo" }).click();
  await card.waitFor({ state: "detached" });
  const { items } = await createMemaClient({ url: server.url, apiKey: server.userKey }).facts.list.query({});
  expect(items).toEqual([]);
  await close();
});

test("a reminder that fires appears by itself, and is done with one press", async () => {
  const { page, close } = await visit(browser, server.url, server.userKey);
  await page.getByRole("link", { name: "Reminders" }).click();
  await page.getByRole("heading", { level: 1, name: "Reminders" }).waitFor();
  await createMemaClient({ url: server.url, apiKey: server.userKey }).reminders.create.mutate({ title: "Tea is ready", in: "PT1S" });
  const due = page.getByRole("region", { name: "Due now" });
  await due.getByRole("button", { name: "Tea is ready", exact: true }).waitFor({ timeout: 30_000 });
  await page.getByRole("status").getByText("Reminder: Tea is ready").waitFor();
  await due.getByRole("button", { name: "Done" }).click();
  await due.waitFor({ state: "detached" });
  expect(await page.getByRole("navigation").getByText("1 due").count()).toBe(0);
  await page.getByRole("button", { name: "Over" }).click();
  await page.getByRole("region", { name: "Over" }).getByRole("button", { name: "Tea is ready", exact: true }).waitFor();
  await close();
});

test("a new reminder shows its times, with the clock change among them, before it is made", async () => {
  const { page, close } = await visit(browser, server.url, server.userKey);
  const client = createMemaClient({ url: server.url, apiKey: server.userKey });
  await page.getByRole("link", { name: "Reminders" }).click();
  await page.getByRole("button", { name: "New reminder" }).click();
  await page.getByLabel("Of what?").fill("Check the night train");
  await page.getByRole("button", { name: "Repeating" }).click();
  await page.getByLabel("How often?").selectOption("WEEKLY");
  await page.getByLabel("From", { exact: true }).fill("2028-03-19");
  await page.getByLabel("Time", { exact: true }).fill("02:30");
  await page.getByLabel("On the clock of").selectOption("Europe/Berlin");
  await page.getByText("Sun 26 Mar 2028, 03:30 (Europe/Berlin)").waitFor();
  await page.getByText("60 min later: that time does not exist that night").waitFor();
  expect(await client.reminders.list.query({ view: "upcoming" })).toMatchObject({ items: [] });
  await page.getByRole("button", { name: "Create reminder" }).click();
  await page.getByRole("region", { name: "Next" }).getByText("Sun 19 Mar 2028, 02:30 (Europe/Berlin)").waitFor();
  await close();
});
