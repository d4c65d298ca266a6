export type Result<T, E = Error> = readonly [data: T, error: null] | readonly [data: null, error: E];

/** Settles a promise into `[data, error]`, for the outside of the system (worker loop, web, scripts). Inside, throw. */
export async function tryCatch<T>(promise: Promise<T>): Promise<Result<T>> {
  try {
    return [await promise, null];
  } catch (error) {
    return [null, error instanceof Error ? error : new Error(String(error))];
  }
}
