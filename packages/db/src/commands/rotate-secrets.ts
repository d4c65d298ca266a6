import { createHash } from "node:crypto";
import { AppError } from "@mema/shared";
import { readDatabaseEnvironment } from "../connection/env.ts";
import { rotateSecrets } from "../rotate-secrets.ts";
import { runCommand } from "./run-command.ts";
import { openTarget } from "./target.ts";

/** As the server makes its key of MEMA_SECRET_KEY. */
function keyOf(name: string, secret: string | undefined): Uint8Array {
  if (secret === undefined || secret === "") {
    throw new AppError("BAD_REQUEST", `${name} is not set: MEMA_OLD_SECRET_KEY is the key until now, MEMA_SECRET_KEY the new one.`);
  }
  return createHash("sha256").update(secret).digest();
}

await runCommand(async () => {
  const { secretKey, oldSecretKey } = readDatabaseEnvironment();
  const keys = { from: keyOf("MEMA_OLD_SECRET_KEY", oldSecretKey), to: keyOf("MEMA_SECRET_KEY", secretKey) };
  const target = await openTarget();
  try {
    await target.release();
    const { users, resealed, already, unopened } = await rotateSecrets(target.client(), keys);
    console.log(`${target.name}: ${users} users, ${resealed} secrets sealed with the new key, ${already} were already.`);
    if (unopened.length > 0) {
      throw new AppError(
        "PRECONDITION_FAILED",
        `Neither key opens the secrets of these channels, which stay as they are: ${unopened.join(", ")}`,
      );
    }
  } finally {
    await target.close();
  }
});
