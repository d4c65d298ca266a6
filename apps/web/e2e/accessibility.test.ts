import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createMemaClient } from "@mema/api/client";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, visit } from "../testing/browser.ts";
import { type MemaServer, startMemaServer } from "../testing/mema-server.ts";
import { tellStory } from "../testing/story.ts";

let server: MemaServer;
let browser: Browser;
let axe: string;
beforeAll(async () => {
  [server, browser, axe] = await Promise.all([
    startMemaServer(),
    launchBrowser(),
    readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"),
  ]);
  await tellStory(server.url, server.userKey, Date.parse("2026-11-20T12:00:00Z"));
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const results = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as AxeResults;
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")} ${failureSummary ?? ""}`),
  );
}

const paths = ["/", "/memory", "/memory?q=climbing", "/people", "/reminders", "/reminders?view=paused", "/keys", "/system"];

for (const colorScheme of ["light", "dark"] as const) {
  for (const [device, viewport] of [
    ["phone", { width: 390, height: 844 }],
    ["desk", { width: 1280, height: 800 }],
  ] as const) {
    test(`axe finds nothing on any page, ${colorScheme} on a ${device}`, async () => {
      const { page, close } = await visit(browser, server.url, server.userKey, { colorScheme, viewport });
      for (const path of paths) {
        await page.goto(server.url + path);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.locator(".skeleton").first().waitFor({ state: "detached" });
        expect({ path, findings: await findings(page) }).toEqual({ path, findings: [] });
      }
      const client = createMemaClient({ url: server.url, apiKey: server.userKey });
      const [fact, entity, reminder] = await Promise.all([
        client.facts.list.query({}),
        client.entities.list.query({}),
        client.reminders.list.query({}),
      ]);
      const opened = [`/memory?fact=${fact.items[0]?.id}`, `/people/${entity.items[0]?.id}`, `/reminders?open=${reminder.items[0]?.id}`];
      for (const path of opened) {
        await page.goto(server.url + path);
        await page.locator(".skeleton").first().waitFor({ state: "detached" });
        await page
          .getByRole(path.startsWith("/people") ? "heading" : "dialog")
          .first()
          .waitFor();
        expect({ path, findings: await findings(page) }).toEqual({ path, findings: [] });
      }
      await page.goto(`${server.url}/reminders`);
      await page.getByRole("button", { name: "New reminder" }).click();
      expect(await findings(page)).toEqual([]);
      await close();
    });
  }
}

test("axe finds nothing on the sign-in page", async () => {
  const page = await browser.newPage();
  await page.goto(server.url);
  await page.getByRole("heading", { name: "Open your memory" }).waitFor();
  expect(await findings(page)).toEqual([]);
  await page.close();
});

test("a window keeps the focus inside, closes on Escape and gives the focus back", async () => {
  const { page, close } = await visit(browser, server.url, server.userKey);
  await page.goto(`${server.url}/keys`);
  const opener = page.getByRole("button", { name: "New key" });
  await opener.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "New API key" }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.closest("dialog") !== null)).toBe(true);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await opener.evaluate((element) => element === document.activeElement)).toBe(true);
  await close();
});
