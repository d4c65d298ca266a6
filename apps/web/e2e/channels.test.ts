import { createMemaClient } from "@mema/api/client";
import { MailServer } from "@mema/shared/mail/testing";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, visit } from "../testing/browser.ts";
import { type MemaServer, startMemaServer } from "../testing/mema-server.ts";

let mail: MailServer;
let server: MemaServer;
let browser: Browser;
beforeAll(async () => {
  mail = await MailServer.start();
  const environment = { MEMA_SMTP_URL: `smtp://127.0.0.1:${mail.port}`, MEMA_MAIL_FROM: "Mema <mema@example.org>" };
  [server, browser] = await Promise.all([startMemaServer({ environment }), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await server.stop();
  await mail.stop();
});

test("an e-mail address is verified with the code that it got, and a test mail arrives", async () => {
  const { page, close } = await visit(browser, server.url, server.userKey);
  await page.goto(`${server.url}/keys`);
  await page.getByRole("button", { name: "New channel" }).click();
  await page.getByRole("button", { name: "E-mail", exact: true }).click();
  await page.getByLabel("E-mail address").fill("ada@example.org");
  await page.getByRole("button", { name: "Create channel" }).click();
  const channel = page.getByRole("listitem").filter({ hasText: "ada@example.org" });
  await channel.getByText("Not verified").waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await channel.getByLabel("Code from the mail").fill("0000 0000");
  await channel.getByRole("button", { name: /^Verify/ }).click();
  await page.getByRole("status").getByText("Not verified: wrong code.").waitFor();

  await mail.until((mails) => mails.length > 0);
  const [, code = ""] = /The code is (\d{4} \d{4})/.exec(mail.mails[0]?.raw ?? "") ?? [];
  await channel.getByLabel("Code from the mail").fill(code);
  await channel.getByRole("button", { name: /^Verify/ }).click();
  await channel.getByText("Ready").waitFor();

  await channel.getByRole("button", { name: /^Test/ }).click();
  await mail.until((mails) => mails.length > 1);
  expect(mail.mails[1]?.to).toBe("ada@example.org");
  const { items } = await createMemaClient({ url: server.url, apiKey: server.userKey }).channels.list.query({ type: "email" });
  expect(items).toMatchObject([{ verifiedAt: expect.any(String), disabledAt: null }]);
  await close();
});
