import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { chromiumPath } from "./chromium-path.ts";

export function launchBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("no Chromium on this machine: install Debian's package chromium");
  return chromium.launch({
    executablePath: chromiumPath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}

export interface Visit {
  page: Page;
  /** Errors of the page and everything that its Content-Security-Policy had to refuse. */
  complaints: string[];
  close: () => Promise<void>;
}

/** A browser of one's own, signed in by the link that the server prints. */
export async function visit(browser: Browser, url: string, userKey: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/Berlin", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && /security policy|trusted|react/i.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`${url}/#key=${userKey}`);
  await page.getByRole("heading", { level: 1, name: "Talk" }).waitFor();
  return { page, complaints, close: () => context.close() };
}

/** Says something in Talk and waits until it is stored. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
  await page
    .locator(".message:not(.waiting)")
    .filter({ hasText: text.slice(0, 60) })
    .first()
    .waitFor();
}
