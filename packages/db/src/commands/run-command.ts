import { AppError, tryCatch } from "@mema/shared";

/**
 * Runs a command to its end: prints what it did, or on stderr why it could not, with exit code 1. With `--json` among the arguments and
 * `failure` given, the last line of stdout is that object also when it fails.
 */
export async function runCommand(body: () => Promise<void>, failure?: (message: string) => object): Promise<void> {
  const [, error] = await tryCatch(body());
  if (error === null) return;
  const message = explain(error);
  console.error(message);
  if (failure !== undefined && process.argv.includes("--json")) console.log(JSON.stringify(failure(message)));
  process.exitCode = 1;
}

function explain(error: Error): string {
  if (error instanceof AppError) return error.message;
  const { code } = error as { code?: unknown };
  switch (code) {
    case "ECONNREFUSED":
    case "ENOTFOUND":
    case "ENOENT":
    case "CONNECT_TIMEOUT":
      return `The database of DATABASE_URL cannot be reached (${code}): is it running, are host and port right?`;
    case "28P01":
    case "28000":
      return "The database refused the login of DATABASE_URL: check user and password.";
    case "3D000":
      return "The database that DATABASE_URL names does not exist: create it first (createdb).";
    default:
      return `${error.message}${typeof code === "string" ? ` (${code})` : ""}`;
  }
}
