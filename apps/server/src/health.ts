import { readEnvironment } from "./env.ts";

/** For a container's health check: exit 0 when the server on this machine is ready, 1 with what /readyz says when not. */
try {
  const response = await fetch(`http://127.0.0.1:${readEnvironment().PORT}/readyz`);
  if (!response.ok) throw new Error(await response.text());
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
