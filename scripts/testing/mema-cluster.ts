import { startPrivateCluster } from "@mema/db/cluster";
import { runWell } from "./processes.ts";

/** What `.env` gives a deployment. */
export const secrets = {
  POSTGRES_PASSWORD: "not-used-here",
  MEMA_OWNER_PASSWORD: "owner0123456789abcdef",
  MEMA_BACKUP_PASSWORD: "backup0123456789abcdef",
  MEMA_APP_PASSWORD: "app0123456789abcdef",
  MEMA_WORKER_PASSWORD: "worker0123456789abcdef",
  MEMA_AUTH_PASSWORD: "auth0123456789abcdef",
} as const;

/** A private cluster that was set up as the compose file sets its own up: by scripts/postgres-init, once, as superuser. */
export async function startMemaCluster() {
  const cluster = await startPrivateCluster({ fsync: "off" });
  const { hostname, port, username, password } = new URL(cluster.superuserUrl);
  const place = { PGHOST: hostname, PGPORT: port };
  runWell(["scripts/postgres-init/10-mema.sh"], { ...place, ...secrets, PGPASSWORD: password, POSTGRES_USER: username });
  const login = (user: string, secret: string) => ({ ...place, PGDATABASE: "mema", PGUSER: user, PGPASSWORD: secret });
  return {
    ...cluster,
    host: `${hostname}:${port}`,
    superuserUrl: cluster.superuserUrl.replace(/postgres$/, "mema"),
    asOwner: login("mema_migrate", secrets.MEMA_OWNER_PASSWORD),
    asBackup: login("mema_backup", secrets.MEMA_BACKUP_PASSWORD),
    /** For the db:* commands. */
    ownerEnvironment: { ...secrets, DATABASE_URL: `postgres://mema_migrate:${secrets.MEMA_OWNER_PASSWORD}@${hostname}:${port}/mema` },
  };
}
