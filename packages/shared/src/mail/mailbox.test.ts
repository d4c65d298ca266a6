import { expect, test } from "vitest";
import { parseMailbox, parseSmtpUrl } from "./mailbox.ts";

test.each([
  ["reminders@example.org", { name: "", address: "reminders@example.org" }],
  ["Mema <reminders@example.org>", { name: "Mema", address: "reminders@example.org" }],
  ["<reminders@example.org>", { name: "", address: "reminders@example.org" }],
  ["Mema <reminders@example.org", null],
  ["reminders@example.org>", null],
  ["Mema", null],
  ["a@b\r\nBcc: eve@example.org", null],
  ["a@b, eve@example.org", null],
  ["", null],
])("the sender %j", (text, mailbox) => {
  expect(parseMailbox(text)).toEqual(mailbox);
});

test.each([
  [
    "smtps://mema:p%40ss%2F%3A@mail.example.org",
    { host: "mail.example.org", port: 465, secure: true, login: { user: "mema", password: "p@ss/:" } },
  ],
  ["smtp://mail.example.org", { host: "mail.example.org", port: 587, secure: false, login: null }],
  ["smtp://[::1]:1025/", { host: "::1", port: 1025, secure: false, login: null }],
  ["smtp://mema@mail.example.org", null],
  ["smtp://mail.example.org/?tls=off", null],
  ["smtp://mema:%zz@mail.example.org", null],
  ["https://mail.example.org", null],
  ["mail.example.org:25", null],
  ["smtp://", null],
])("the server %j", (text, server) => {
  expect(parseSmtpUrl(text)).toEqual(server);
});
