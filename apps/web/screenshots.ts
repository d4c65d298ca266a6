import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "./testing/browser.ts";
import { startMemaServer } from "./testing/mema-server.ts";
import { tellStory } from "./testing/story.ts";

/* Pictures of every page on a phone and on a desk, light and dark, from a real server with a told story. */

const folder = join(import.meta.dirname, "../../docs/screenshots");
const only = process.argv[2];

const shots: { name: string; path: string; prepare?: (page: Page) => Promise<void> }[] = [
  { name: "talk", path: "/" },
  { name: "memory", path: "/memory" },
  {
    name: "search",
    path: "/memory?q=what+does+my+climbing+friend+like",
    prepare: (page) => page.locator(".reasons summary").first().click(),
  },
  { name: "fact", path: "/memory?q=walnuts", prepare: (page) => page.locator(".result-link").first().click() },
  { name: "people", path: "/people" },
  { name: "person", path: "/people", prepare: (page) => page.getByRole("link", { name: /Dima/ }).first().click() },
  { name: "reminders", path: "/reminders" },
  { name: "reminder", path: "/reminders", prepare: (page) => page.getByRole("button", { name: "Check the night train" }).first().click() },
  { name: "new-reminder", path: "/reminders", prepare: newReminder },
  { name: "before-a-day", path: "/reminders", prepare: beforeADay },
  { name: "keys", path: "/keys" },
  { name: "system", path: "/system" },
  { name: "isolation", path: "/system", prepare: openProof },
];

async function openProof(page: Page): Promise<void> {
  await page.getByText("Every way that was tried").click();
  await page.locator("#proof-title").evaluate((heading) => heading.scrollIntoView());
}

async function newReminder(page: Page): Promise<void> {
  await page.getByRole("button", { name: "New reminder" }).click();
  await page.getByLabel("Of what?").fill("Call grandmother");
  await page.getByRole("button", { name: "Repeating" }).click();
  await page.getByLabel("How often?").selectOption("WEEKLY");
  await page.locator(".timeline").waitFor();
}

async function beforeADay(page: Page): Promise<void> {
  await page.getByRole("button", { name: "New reminder" }).click();
  await page.getByLabel("Of what?").fill("Buy a gift for Dima");
  await page.getByRole("button", { name: "Before a day" }).click();
  await page.getByLabel("Which day?").selectOption({ index: 1 });
  await page.locator(".timeline").waitFor();
}

const devices = {
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 1 },
  desktop: { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 },
};

async function shoot(browser: Browser, url: string, keys: { userKey: string; adminKey: string }): Promise<void> {
  for (const [device, screen] of Object.entries(devices)) {
    for (const colorScheme of ["light", "dark"] as const) {
      const context = await browser.newContext({
        ...screen,
        colorScheme,
        reducedMotion: "reduce",
        timezoneId: "Europe/Berlin",
        locale: "en-GB",
      });
      const page = await context.newPage();
      const save = async (name: string) => {
        const file = join(folder, `${name}-${device}-${colorScheme}.png`);
        writeFileSync(file, await page.screenshot());
        // A page has few colours: where pngquant is installed the pictures become a third of the size.
        spawnSync("pngquant", ["--force", "--strip", "--ext", ".png", "128", file]);
      };
      page.setDefaultTimeout(10_000);
      if (only === undefined || only === "sign-in") {
        await page.goto(url);
        await page.getByRole("heading", { name: "Open your memory" }).waitFor();
        await save("sign-in");
      }
      await page.addInitScript((key) => sessionStorage.setItem("mema.admin-key", key), keys.adminKey);
      await page.goto(`${url}/#key=${keys.userKey}`);
      await page.getByRole("heading", { level: 1, name: "Talk" }).waitFor();
      for (const { name, path, prepare } of shots) {
        if (only !== undefined && only !== name) continue;
        await page.goto(url + path);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.locator("[aria-hidden] .skeleton").first().waitFor({ state: "detached" });
        await prepare?.(page);
        await page.locator(".skeleton").first().waitFor({ state: "detached" });
        await page.waitForTimeout(300);
        await save(name);
      }
      await context.close();
    }
  }
}

mkdirSync(folder, { recursive: true });
const receiver = createServer((_incoming, answer) => answer.writeHead(204).end()).listen(0, "127.0.0.1");
const dataDir = mkdtempSync(join(tmpdir(), "mema-pictures-"));
// The operator's page shows what the isolation proof came to: it runs before, while no server has the folder.
const checker = join(import.meta.dirname, "../../packages/api/src/commands/check.ts");
const migrator = join(import.meta.dirname, "../../packages/db/src/commands/migrate.ts");
for (const program of [migrator, checker]) {
  const { DATABASE_URL: _database, ...environment } = process.env;
  const { status } = spawnSync(process.execPath, [program], { env: { ...environment, MEMA_DATA_DIR: dataDir }, stdio: "ignore" });
  if (status !== 0) throw new Error(`${program} ended with ${status}`);
}
const server = await startMemaServer({ dataDir });
const browser = await launchBrowser();
try {
  const client = await tellStory(server.url, server.userKey, Date.now());
  const { port } = receiver.address() as AddressInfo;
  await client.channels.create.mutate({ type: "webhook", url: `http://127.0.0.1:${port}/mema`, name: "Kitchen display" });
  await client.reminders.create.mutate({ title: "Tea is ready", in: "PT2S" });
  await shoot(browser, server.url, server);
} finally {
  await browser.close();
  await server.stop();
  receiver.close();
  rmSync(dataDir, { recursive: true, force: true });
}
