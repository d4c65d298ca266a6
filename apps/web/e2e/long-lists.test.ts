import { createMemaClient } from "@mema/api/client";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, visit } from "../testing/browser.ts";
import { type MemaServer, startMemaServer } from "../testing/mema-server.ts";

let server: MemaServer;
let browser: Browser;
const count = process.env["MEMA_TEST_SCALE"] === "full" ? 10_000 : 500;
const chunk = 20;

beforeAll(async () => {
  [server, browser] = await Promise.all([startMemaServer({ worker: false }), launchBrowser()]);
  const client = createMemaClient({ url: server.url, apiKey: server.userKey, batch: true });
  for (let from = 1; from <= count; from += chunk) {
    await Promise.all(Array.from({ length: chunk }, (_, at) => client.facts.create.mutate({ content: `Fact number ${from + at}` })));
  }
}, 600_000);
afterAll(async () => {
  await browser.close();
  await server.stop();
});

test("of a list of any length only what is near the screen is in the page, and its end can be reached", async () => {
  const { page, close } = await visit(browser, server.url, server.userKey);
  await page.goto(`${server.url}/memory`);
  const rows = page.getByRole("list", { name: "Facts" }).getByRole("listitem");
  await page
    .getByText(/^Fact number \d+$/)
    .first()
    .waitFor();
  const seen = new Set<string>();
  const last = page.getByText("Fact number 1", { exact: true });
  while ((await last.count()) === 0) {
    for (const text of await page.locator(".fact-content").allTextContents()) seen.add(text);
    expect(await rows.count()).toBeLessThan(80);
    const before = await page.evaluate(() => scrollY);
    await page.mouse.wheel(0, 600);
    // At the bottom the next page is on its way: scroll on.
    await page.waitForFunction((top) => scrollY > top || scrollY + innerHeight >= document.documentElement.scrollHeight - 2, before);
  }
  for (const text of await page.locator(".fact-content").allTextContents()) seen.add(text);
  expect(seen.size).toBe(count);
  await close();
});
