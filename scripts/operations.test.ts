import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { secrets, startMemaCluster } from "./testing/mema-cluster.ts";
import { rootScript, run, runWell } from "./testing/processes.ts";

type Cluster = Awaited<ReturnType<typeof startMemaCluster>>;

let lived: Cluster;
let fresh: Cluster;
let folder: string;

beforeAll(async () => {
  [lived, fresh] = await Promise.all([startMemaCluster(), startMemaCluster()]);
  folder = mkdtempSync(join(tmpdir(), "mema-backup-"));
  runWell(rootScript("db:migrate"), lived.ownerEnvironment);
  runWell(rootScript("db:seed"), lived.ownerEnvironment);
});

afterAll(() => {
  lived.stop();
  fresh.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Number and digest of the rows of every table, seen by a superuser. */
async function contents({ superuserUrl }: Cluster): Promise<Record<string, string>> {
  const sql = postgres(superuserUrl, { max: 1, onnotice: () => {} });
  try {
    const tables = await sql<{ name: string }[]>`
      select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'ops', 'drizzle') order by 1`;
    const found: Record<string, string> = {};
    for (const { name } of tables) {
      const [row] = await sql.unsafe<{ rows: string; digest: string }[]>(
        `select count(*) as rows, coalesce(md5(string_agg(t::text, E'\\n' order by t::text)), '-') as digest from ${name} t`,
      );
      found[name] = `${row?.rows} rows, ${row?.digest}`;
    }
    return found;
  } finally {
    await sql.end();
  }
}

test("the owner cannot make a backup without rows: pg_dump refuses, and the script says why before it starts", () => {
  const file = join(folder, "by-owner.dump");
  const dumped = run(["pg_dump", "--format=custom", `--file=${file}`], lived.asOwner);
  expect(dumped.status).not.toBe(0);
  expect(dumped.output).toContain("row-level security");
  const script = run(["scripts/backup.sh", join(folder, "refused.dump")], lived.asOwner);
  expect(script.status).toBe(1);
  expect(script.output).toContain("use mema_backup");
});

test("the backup's login changes nothing", async () => {
  const { PGHOST, PGPORT, PGUSER, PGPASSWORD } = lived.asBackup;
  const sql = postgres({ host: PGHOST, port: Number(PGPORT), database: "mema", username: PGUSER, password: PGPASSWORD, max: 1 });
  try {
    const [seen] = await sql<{ users: number }[]>`select count(*)::int as users from users`;
    expect(seen?.users).toBeGreaterThan(0);
    await expect(sql`set default_transaction_read_only = off`.then(() => sql`delete from users`)).rejects.toMatchObject({ code: "42501" });
  } finally {
    await sql.end();
  }
});

test("a backup restored on another cluster, by its owner and no superuser, has every row, keeps every rule and is served", async () => {
  const file = join(folder, "mema.dump");
  runWell(["scripts/backup.sh", file], lived.asBackup);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(run(["scripts/backup.sh", file], lived.asBackup).output).toContain("never overwrites");

  runWell(["scripts/restore.sh", file], fresh.asOwner);
  const migrated = runWell(rootScript("db:migrate"), fresh.ownerEnvironment);
  expect(migrated).toContain("migrations were there");

  const before = await contents(lived);
  expect(before["public.facts"]).not.toMatch(/^0 rows/);
  expect(await contents(fresh)).toEqual(before);
  const report: unknown = JSON.parse(
    runWell([...rootScript("db:check"), "--json"], fresh.ownerEnvironment)
      .trim()
      .split("\n")
      .at(-1) ?? "",
  );
  expect(report).toMatchObject({ ok: true, catalog: [] });

  const asApp = postgres(`postgres://mema_app:${secrets.MEMA_APP_PASSWORD}@${fresh.host}/mema`, { max: 1 });
  try {
    expect(await asApp`select id from users`).toHaveLength(0);
  } finally {
    await asApp.end();
  }
  const again = run(["scripts/restore.sh", file], fresh.asOwner);
  expect(again.status).toBe(1);
  expect(again.output).toContain("restore into an empty one");
});

test("a runtime login's password is changed by the next db:migrate; the old one is refused from then on", async () => {
  const changed = "changed0123456789abcdef";
  const logIn = async (password: string) => {
    const sql = postgres(`postgres://mema_app:${password}@${lived.host}/mema`, { max: 1 });
    try {
      return await sql`select 1`.then(
        () => "accepted",
        (error: unknown) => (error as { code?: string }).code,
      );
    } finally {
      await sql.end();
    }
  };
  expect(await logIn(secrets.MEMA_APP_PASSWORD)).toBe("accepted");
  runWell(rootScript("db:migrate"), { ...lived.ownerEnvironment, MEMA_APP_PASSWORD: changed });
  expect(await Promise.all([logIn(changed), logIn(secrets.MEMA_APP_PASSWORD)])).toEqual(["accepted", "28P01"]);
});
