import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createMemaClient } from "@mema/api/client";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { secrets, startMemaCluster } from "./testing/mema-cluster.ts";
import { root, run, type Running, runWell, start } from "./testing/processes.ts";

const service = z.object({
  image: z.string(),
  user: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  networks: z.array(z.string()),
  ports: z.array(z.string()).default([]),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  healthcheck: z.object({ test: z.tuple([z.literal("CMD")], z.string()) }).optional(),
});
const text = readFileSync(join(root, "docker-compose.yml"), "utf8");
const { services } = z.object({ services: z.record(z.string(), service) }).parse(parse(text, { merge: true }));
const named = (name: string) => services[name] ?? expect.fail(`docker-compose.yml has no service ${name}`);

/** `${NAME:?message}` and `${NAME:-default}`, as compose fills them in. */
function fillIn(value: string, given: Readonly<Record<string, string>>): string {
  return value.replaceAll(/\$\{(\w+):([?-])([^}]*)\}/g, (_all, name: string, kind: string, rest: string) => {
    if (given[name]) return given[name];
    if (kind === "-") return rest;
    throw new Error(`${name}: ${rest}`);
  });
}

describe("what the file says", () => {
  test("every image has a fixed version, no service runs as root or may become it, and ports are open to this machine only", () => {
    for (const { image, user, ports, cap_drop: dropped, security_opt: options } of Object.values(services)) {
      expect(image).toMatch(/:(v?\d+\.\d+\.\d+|local)/);
      expect(user).toMatch(/^(node|postgres|[1-9]\d+:\d+)$/);
      expect(dropped).toEqual(["ALL"]);
      expect(options).toContain("no-new-privileges:true");
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  test("the worker knows an address and a service key, and has no way to the database", () => {
    expect(Object.keys(named("worker").environment)).toEqual(["MEMA_URL", "MEMA_SERVICE_KEY"]);
    expect(named("worker").networks).not.toContain("database");
    expect(named("database").networks).toEqual(["database"]);
    expect(JSON.stringify(named("server").environment)).not.toContain("mema_migrate");
  });

  test("a secret that is missing stops it by name, and .env.example names exactly the variables that it reads, with their defaults", () => {
    const asked = new Map([...text.matchAll(/\$\{(\w+):([?-])([^}]*)\}/g)].map(([, name, kind, rest]) => [name, { kind, rest }]));
    const offered = [...readFileSync(join(root, ".env.example"), "utf8").matchAll(/^(\w+)=(.*)$/gm)];
    expect(new Set(offered.map(([, name]) => name))).toEqual(new Set(asked.keys()));
    for (const [, name, value] of offered) {
      // What must be given is left empty to be filled in; what need not be is offered as it is without the file.
      const { kind, rest } = asked.get(name) ?? {};
      expect([name, value]).toEqual([name, kind === "?" ? "" : rest]);
    }
    expect(() => fillIn(named("worker").environment["MEMA_SERVICE_KEY"] ?? "", {})).toThrow(/^MEMA_SERVICE_KEY: set it in \.env/);
  });
});

describe("its commands, with its environments, on a cluster that its script set up", () => {
  const keys = {
    MEMA_BOOTSTRAP_KEY: "first-user-key-0123456789abcdef",
    MEMA_ADMIN_KEY: "admin-key-0123456789abcdef",
    MEMA_SERVICE_KEY: "service-key-0123456789abcdef",
    MEMA_SECRET_KEY: "secret-key-0123456789abcdef",
  };
  let cluster: Awaited<ReturnType<typeof startMemaCluster>>;
  let port: number;
  const running: Running[] = [];
  const dataDir = "/nonexistent/mema";

  /** What compose would put into the container; only addresses are this machine's. */
  const environmentOf = (name: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(named(name).environment).map(([variable, value]) => [
        variable,
        fillIn(value, { ...secrets, ...keys })
          .replace("database:5432", cluster.host)
          .replace("server:8787", `127.0.0.1:${port}`)
          .replace(/^8787$/, String(port)),
      ]),
    );
  const launch = (name: string): Running => {
    // The image's data folder, which is no volume here: nothing may be written.
    const process = start(named(name).command ?? [], { MEMA_DATA_DIR: dataDir, ...environmentOf(name) });
    running.push(process);
    return process;
  };
  const health = (name: string) => run(named(name).healthcheck?.test.slice(1) ?? [], environmentOf(name));
  const isHealthy = (name: string) =>
    vi.waitFor(() => expect(health(name)).toEqual({ status: 0, output: "" }), { timeout: 30_000, interval: 200 });
  const workersAlive = async () => {
    const { workers } = await createMemaClient({ url: `http://127.0.0.1:${port}`, apiKey: keys.MEMA_ADMIN_KEY }).worker.stats.query();
    return workers.filter(({ alive }) => alive).length;
  };

  beforeAll(async () => {
    cluster = await startMemaCluster();
    port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
      });
    });
  });

  afterAll(async () => {
    await Promise.all(running.map((process) => process.end("SIGKILL")));
    cluster.stop();
  });

  test("database, migrate, server and three workers come up; killed ones come back; a reminder fires; nobody is a superuser", async () => {
    const asked = (named("database").healthcheck?.test ?? []).slice(1).map((word) => word.replace("127.0.0.1", cluster.asOwner.PGHOST));
    expect(run(asked, { PGPORT: cluster.asOwner.PGPORT }).status).toBe(0);
    expect(health("server").status).toBe(1);

    runWell(named("migrate").command ?? [], environmentOf("migrate"));
    expect(runWell(named("migrate").command ?? [], environmentOf("migrate"))).toContain("migrations were there");

    let server = launch("server");
    await isHealthy("server");
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect(await ready.json()).toMatchObject({ ok: true, failing: [] });
    for (const secret of Object.values({ ...secrets, ...keys })) expect(server.output()).not.toContain(secret);
    expect(health("worker").output).toContain("has not heard from this worker");

    const workers = [launch("worker"), launch("worker"), launch("worker")];
    await isHealthy("worker");
    await vi.waitFor(async () => expect(await workersAlive()).toBe(3), { timeout: 30_000, interval: 200 });

    const sql = postgres(cluster.superuserUrl, { max: 1 });
    const logins = await sql<{ login: string; unsafe: boolean }[]>`
      select distinct a.usename as login, r.rolsuper or r.rolbypassrls or r.rolcreaterole as unsafe
      from pg_stat_activity a join pg_roles r on r.rolname = a.usename
      where a.datname = 'mema' and a.pid <> pg_backend_pid() order by 1`;
    await sql.end();
    expect(logins).toEqual(["mema_app", "mema_auth", "mema_worker"].map((login) => ({ login, unsafe: false })));

    await workers[0]?.end("SIGKILL");
    await server.end("SIGKILL");
    server = launch("server");
    await isHealthy("server");
    const user = createMemaClient({ url: `http://127.0.0.1:${port}`, apiKey: keys.MEMA_BOOTSTRAP_KEY });
    const { id } = await user.reminders.create.mutate({ title: "Look at the oven", in: "PT1S" });
    await vi.waitFor(
      async () => expect((await user.reminders.history.query({ id })).items).toMatchObject([{ status: "fired", reminderId: id }]),
      { timeout: 30_000, interval: 200 },
    );

    expect(await Promise.all(workers.slice(1).map((worker) => worker.end("SIGTERM")))).toEqual([0, 0]);
    expect(await server.end("SIGTERM")).toBe(0);
    expect(existsSync(dataDir)).toBe(false);
  });
});
