import { expect, test } from "vitest";
import { readEnvironment } from "./env.ts";

test("an empty variable is as good as none", () => {
  expect(readEnvironment({ PORT: "", MEMA_ADMIN_KEY: "" })).toEqual(readEnvironment({}));
  expect(readEnvironment({})).toMatchObject({ HOST: "127.0.0.1", PORT: 8787, MEMA_DATA_DIR: ".mema", MEMA_WORKER: "on" });
});

const runtime = { MEMA_APP_URL: "postgres://a@h/d", MEMA_WORKER_URL: "postgres://b@h/d", MEMA_AUTH_URL: "postgres://c@h/d" };

test.each([
  [{ PORT: "70000" }, "PORT"],
  [{ PORT: "1.5" }, "PORT"],
  [{ MEMA_POOL_SIZE: "0" }, "MEMA_POOL_SIZE"],
  [{ MEMA_PREPARE: "yes" }, "MEMA_PREPARE"],
  [{ MEMA_TRUST_PROXY: "-1" }, "MEMA_TRUST_PROXY"],
  [{ MEMA_ADMIN_KEY: "too short" }, "MEMA_ADMIN_KEY"],
  [{ MEMA_ADMIN_KEY: `white space ${"x".repeat(30)}` }, "MEMA_ADMIN_KEY"],
  [{ MEMA_BOOTSTRAP_KEY: "x".repeat(30), MEMA_ADMIN_KEY: "x".repeat(30) }, "MEMA_ADMIN_KEY"],
  [{ DATABASE_URL: "mysql://h/d" }, "DATABASE_URL"],
  [{ ...runtime, MEMA_AUTH_URL: "" }, "MEMA_AUTH_URL"],
  [{ ...runtime, MEMA_WORKER_URL: "localhost" }, "MEMA_WORKER_URL"],
  [{ LOG_LEVEL: "loud" }, "LOG_LEVEL"],
  [{ MEMA_SMTP_URL: "https://mema:kingfisher@mail.example", MEMA_MAIL_FROM: "a@b.example" }, "MEMA_SMTP_URL"],
  [{ MEMA_SMTP_URL: "smtps://mema:kingfisher@mail.example" }, "MEMA_MAIL_FROM"],
  [{ MEMA_SMTP_URL: "smtp://mail.example", MEMA_MAIL_FROM: "Mema reminders" }, "MEMA_MAIL_FROM"],
])("names what is wrong with %j and does not repeat it", (variables, name) => {
  expect(() => readEnvironment(variables)).toThrow(name);
  for (const value of Object.values(variables)) if (value.length > 20) expect(() => readEnvironment(variables)).not.toThrow(value);
});
