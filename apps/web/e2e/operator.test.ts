import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createMemaClient } from "@mema/api/client";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, visit } from "../testing/browser.ts";
import { type MemaServer, startMemaServer } from "../testing/mema-server.ts";

let server: MemaServer;
let browser: Browser;
let receiver: Server;
/** What the receiver answers to a reminder; it agrees to its verification in any case. */
let answer = 413;
beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => response.writeHead(body.includes("channel.verify") ? 204 : answer).end());
  }).listen(0, "127.0.0.1");
  [server, browser] = await Promise.all([startMemaServer(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await server.stop();
  receiver.close();
});

test("the operator sees what was given up for any user, without its words, and sends it again", async () => {
  const ada = createMemaClient({ url: server.url, apiKey: server.userKey });
  const { port } = receiver.address() as AddressInfo;
  const channel = await ada.channels.create.mutate({ type: "webhook", url: `http://127.0.0.1:${port}/hook` });
  await ada.reminders.create.mutate({ title: "A secret errand", in: "PT1S", channelIds: [channel.id] });
  const statuses = async () => (await ada.reminders.deliveries.query({ channelId: channel.id })).items.map(({ status }) => status);
  await expect.poll(statuses, { timeout: 60_000 }).toEqual(["dead"]);

  const { page, close, complaints } = await visit(browser, server.url, server.userKey);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").fill(server.adminKey);
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("heading", { level: 1, name: "System" }).waitFor();
  const letters = page.getByRole("region", { name: "Dead letters of all users" });
  await letters.getByText("given up", { exact: true }).waitFor();
  await page.getByRole("row", { name: /Webhook/ }).waitFor();
  expect(await page.locator("body").innerText()).not.toMatch(/secret errand|127\.0\.0\.1:\d+\/hook/);

  answer = 200;
  await letters.getByRole("button", { name: "Send again" }).click();
  await page.getByRole("status").getByText("1 sent again.").waitFor();
  await expect.poll(statuses, { timeout: 60_000 }).toEqual(["delivered"]);
  await letters.getByText("None: everything").waitFor();
  expect(complaints).toEqual([]);
  await close();
});
