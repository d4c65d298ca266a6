import { AppError } from "@mema/shared";
import postgres, { type Sql } from "postgres";
import { runtimeRoles } from "./access-matrix.ts";
import { type Passwords, runtimePassword, scramVerifier } from "./passwords.ts";

const attributes = {
  mema_owner: "nologin nosuperuser nobypassrls nocreaterole nocreatedb noreplication",
  mema_app: "login nosuperuser nobypassrls nocreaterole nocreatedb noreplication noinherit",
  mema_worker: "login nosuperuser nobypassrls nocreaterole nocreatedb noreplication noinherit",
  mema_auth: "login nosuperuser nobypassrls nocreaterole nocreatedb noreplication noinherit",
} as const;

/**
 * Gives a hung statement, a forgotten lock and an abandoned transaction an end. JIT compilation took 0.2 s of a search among 100,000
 * documents that runs 10 ms; parallel workers made one by meaning wait for processors that other requests use (55 ms instead of 26). Not
 * on the embedded engine, which hangs on the third and has neither.
 */
const sessionSettings = {
  statement_timeout: "30s",
  lock_timeout: "10s",
  idle_in_transaction_session_timeout: "60s",
  jit: "off",
  max_parallel_workers_per_gather: "0",
};

/**
 * Creates what the migrations stand on: roles (one set per cluster), their rights on this database, the vector extension. Changes only
 * what differs; several databases of a cluster may do this at once.
 */
export async function bootstrapRoles(owner: Sql, embedded: boolean): Promise<void> {
  for (const [role, options] of Object.entries(attributes)) {
    await retryWhenConcurrent(async () => {
      const [found] = await owner<{ login: boolean; unsafe: boolean }[]>`
        select rolcanlogin as login, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as unsafe
        from pg_roles where rolname = ${role}`;
      if (found === undefined) await owner.unsafe(`create role ${role} ${options}`);
      else if (found.unsafe || found.login !== (role !== "mema_owner")) await owner.unsafe(`alter role ${role} ${options}`);
    });
    await retryWhenConcurrent(async () => {
      // Since PostgreSQL 16 whoever creates a role is its member, but may neither take it on nor use its rights.
      const [membership] = await owner<{ missing: boolean }[]>`
        select not case when current_setting('server_version_num')::integer < 160000 then pg_has_role(current_user, ${role}, 'member')
          else pg_has_role(current_user, ${role}, 'set') and pg_has_role(current_user, ${role}, 'usage') end as missing`;
      if (membership?.missing) await owner.unsafe(`grant ${role} to current_user`);
    });
  }
  await createVectorExtension(owner);
  const [{ name } = { name: "" }] = await owner<{ name: string }[]>`select quote_ident(current_database()) as name`;
  await retryWhenConcurrent(async () => {
    await owner.unsafe(`
      grant create, connect on database ${name} to mema_owner;
      grant connect on database ${name} to ${runtimeRoles.join(", ")};
      revoke create, temporary on database ${name} from public;
      grant usage, create on schema public to mema_owner;
      revoke create on schema public from public;
      grant usage on schema public to ${runtimeRoles.join(", ")}`);
  });
  if (embedded) return;
  for (const role of runtimeRoles) {
    await retryWhenConcurrent(async () => {
      const [settings] = await owner<{ current: string[] | null }[]>`
        select setconfig as current from pg_db_role_setting
        where setrole = ${role}::regrole and setdatabase = (select oid from pg_database where datname = current_database())`;
      for (const [setting, value] of Object.entries(sessionSettings)) {
        if (!settings?.current?.includes(`${setting}=${value}`)) {
          await owner.unsafe(`alter role ${role} in database ${name} set ${setting} = '${value}'`);
        }
      }
    });
  }
}

/** Gives the runtime logins their passwords. A login that works as it should is left alone. */
export async function setRuntimePasswords(owner: Sql, ownerUrl: string, given: Passwords): Promise<void> {
  for (const role of runtimeRoles) {
    const password = runtimePassword(ownerUrl, role, given);
    if (password === null || (await canLogIn(ownerUrl, role, password))) continue;
    await retryWhenConcurrent(() => owner.unsafe(`alter role ${role} password '${scramVerifier(password)}'`));
  }
}

async function canLogIn(ownerUrl: string, role: string, password: string): Promise<boolean> {
  const url = new URL(ownerUrl);
  url.username = role;
  url.password = encodeURIComponent(password);
  const login = postgres(url.href, { max: 1, connect_timeout: 10, fetch_types: false, onnotice: () => {} });
  try {
    await login`select 1`;
    return true;
  } catch (error) {
    if (["28P01", "28000"].includes((error as { code?: string }).code ?? "")) return false;
    throw error;
  } finally {
    await login.end({ timeout: 1 });
  }
}

async function createVectorExtension(owner: Sql): Promise<void> {
  const [installed] = await owner<{ version: string }[]>`select extversion as version from pg_extension where extname = 'vector'`;
  if (installed !== undefined) return;
  try {
    await owner`create extension if not exists vector with schema public`;
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === "42501") {
      throw new AppError(
        "PRECONDITION_FAILED",
        "This database has no `vector` extension and the owner may not create it: run `create extension vector` once as superuser (managed PostgreSQL: enable pgvector), then migrate again.",
        { cause },
      );
    }
    if (code === "58P01" || code === "0A000") {
      throw new AppError(
        "PRECONDITION_FAILED",
        "pgvector is not installed on this PostgreSQL server: install pgvector >= 0.8, then migrate again.",
        {
          cause,
        },
      );
    }
    throw cause;
  }
}

/** Roles belong to the cluster: migrations of other databases change the same rows, which PostgreSQL answers with an error, not a wait. */
async function retryWhenConcurrent(change: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await change();
      return;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      const concurrent = code === "42710" || code === "23505" || (code === "XX000" && message.includes("concurrently"));
      if (!concurrent || attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
    }
  }
}
