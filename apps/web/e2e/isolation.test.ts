import { createMemaClient } from "@mema/api/client";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, say, visit } from "../testing/browser.ts";
import { type MemaServer, startMemaServer } from "../testing/mema-server.ts";

let server: MemaServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([startMemaServer({ worker: false }), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

const newUser = async (name: string) =>
  (await createMemaClient({ url: server.url, apiKey: server.adminKey }).users.create.mutate({ name })).apiKey;

test("two people side by side see nothing of each other: not in lists, not by search, not by address, not live", async () => {
  const ada = await visit(browser, server.url, server.userKey);
  const ben = await visit(browser, server.url, await newUser("Ben"));
  await say(ada.page, "Remember that Dima loves climbing.");
  await say(ben.page, "Remember that Olga plays the oboe.");
  const { items } = await createMemaClient({ url: server.url, apiKey: server.userKey }).facts.list.query({});

  for (const path of ["/", "/memory", "/memory?q=climbing", "/people", `/memory?fact=${items[0]?.id}`]) {
    await ben.page.goto(server.url + path);
    await ben.page.getByRole("heading", { level: 1 }).waitFor();
    await ben.page.locator(".skeleton").first().waitFor({ state: "detached" });
    expect(`${path} ${await ben.page.locator("body").textContent()}`).not.toMatch(/Dima/);
  }
  await ben.page.getByRole("dialog").getByText("It is not here any more.").waitFor();
  await ada.page.goto(`${server.url}/people`);
  await ada.page.getByText("Dima").waitFor();
  expect(await ada.page.locator("body").textContent()).not.toMatch(/Olga/);
  await Promise.all([ada.close(), ben.close()]);
});

const attacks = [
  `<img src=x onerror="globalThis.owned=1">`,
  `<script>globalThis.owned=1</script>`,
  `"><svg onload="globalThis.owned=1">`,
  `javascript:globalThis.owned=1`,
];

async function untouched(page: Page): Promise<void> {
  expect(await page.evaluate(() => "owned" in globalThis)).toBe(false);
  expect(await page.locator("img, script:not([src]), svg[onload], [onerror]").count()).toBe(0);
}

test("markup in any text field stays text", async () => {
  const key = await newUser("Mallory");
  const client = createMemaClient({ url: server.url, apiKey: key });
  const { page, complaints, close } = await visit(browser, server.url, key);
  for (const attack of attacks) {
    await page.goto(server.url);
    await say(page, `Remember that ${attack} is what ${attack} said.`);
    const entity = await client.entities.create.mutate({ canonicalName: attack, aliases: [`also ${attack}`], description: attack });
    const fact = await client.facts.create.mutate({ content: attack, entityIds: [entity.id] });
    const reminder = await client.reminders.create.mutate({
      title: attack,
      notes: attack,
      at: { local: "2034-01-01T09:00:00", tz: "UTC" },
    });
    await client.apiKeys.create.mutate({ name: attack });
    await client.channels.create.mutate({ type: "log", name: attack });
    await untouched(page);
    const paths = [
      "/",
      `/memory?fact=${fact.id}`,
      `/memory?q=${encodeURIComponent(attack)}`,
      "/people",
      `/people/${entity.id}`,
      `/reminders?open=${reminder.id}`,
      "/keys",
      `/memory?q=${encodeURIComponent(JSON.stringify(attack))}&asOf=${encodeURIComponent(attack)}`,
    ];
    for (const path of paths) {
      await page.goto(server.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.locator(".skeleton").first().waitFor({ state: "detached" });
      await untouched(page);
    }
  }
  await page.goto(`${server.url}/people`);
  await page
    .getByText(attacks[0] ?? "", { exact: true })
    .first()
    .waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").fill(attacks[0] ?? "");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("alert").filter({ hasText: "key" }).waitFor();
  await untouched(page);
  expect(complaints).toEqual([]);
  await close();
});

test("markup typed into every text field of every page and window stays text, also when it is sent", async () => {
  const key = await newUser("Trudy");
  const client = createMemaClient({ url: server.url, apiKey: key });
  const entity = await client.entities.create.mutate({ canonicalName: "Dima" });
  const fact = await client.facts.create.mutate({ content: "Dima climbs", entityIds: [entity.id] });
  const reminder = await client.reminders.create.mutate({
    title: "Call",
    rrule: "FREQ=DAILY",
    dtstartLocal: "2034-01-01T09:00:00",
    tz: "UTC",
  });
  const { page, complaints, close } = await visit(browser, server.url, key);
  const [attack = ""] = attacks;
  const places: [path: string, ...presses: string[]][] = [
    ["/"],
    ["/memory"],
    [`/memory?fact=${fact.id}`, "Correct"],
    [`/people/${entity.id}`, "Rename"],
    ["/reminders", "New reminder"],
    [`/reminders?open=${reminder.id}`, "Change one time…"],
    ["/keys", "New key"],
    ["/keys", "New channel"],
    ["/keys", "Delete…"],
    ["/system"],
  ];
  const filled: string[] = [];
  for (const [path, ...presses] of places) {
    await page.goto(server.url + path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.locator(".skeleton").first().waitFor({ state: "detached" });
    for (const name of presses) await page.getByRole("button", { name, exact: true }).click();
    const fields = await page.locator("input:visible, textarea:visible").all();
    for (const field of fields) {
      if (!/^(text|search|password|url|email|textarea)$/.test(await field.evaluate((element) => (element as HTMLInputElement).type)))
        continue;
      await field.fill(attack);
      filled.push(path);
    }
    await untouched(page);
    await page.keyboard.press("Enter");
    await page.locator("main").click({ position: { x: 2, y: 2 }, trial: true, force: true });
    await untouched(page);
  }
  expect(new Set(filled)).toEqual(new Set(places.map(([path]) => path)));
  expect(complaints).toEqual([]);
  await close();
});

test("the page allows scripts only from its own files, none inline, and frames nowhere", async () => {
  const answer = await fetch(server.url, { headers: { accept: "text/html" } });
  const policy = answer.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  const html = await answer.text();
  expect(html.match(/<script(?![^>]*src=)/g)).toBeNull();
  expect(html).not.toMatch(/\son\w+=|style=/);
  const [, script = ""] = /src="(\/assets\/[^"]+\.js)"/.exec(html) ?? [];
  const asset = await fetch(server.url + script);
  expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect((await fetch(`${server.url}/memory`, { headers: { accept: "text/html" } })).status).toBe(200);
  for (const path of ["/assets/none.js", "/assets/..%2findex.html", "/trpc/none", "/livez/none", "/none"]) {
    expect(`${(await fetch(server.url + path)).status} ${path}`).toBe(`404 ${path}`);
  }
});
