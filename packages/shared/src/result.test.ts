import { expect, test } from "vitest";
import { tryCatch } from "./result.ts";

test("a rejection becomes the second half of the tuple, also when it was no Error", async () => {
  expect(await tryCatch(Promise.resolve(1))).toEqual([1, null]);
  const [data, error] = await tryCatch(Promise.reject("plain"));
  expect(data).toBeNull();
  expect(error?.message).toBe("plain");
});
