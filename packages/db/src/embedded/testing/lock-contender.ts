import { AppError } from "@mema/shared";
import { lockFolder } from "../folder-lock.ts";

const [folder = ""] = process.argv.slice(2);

process.on("message", () => {
  try {
    lockFolder(folder);
    process.send?.("taken");
  } catch (error) {
    process.send?.(error instanceof AppError ? error.code : String(error));
  }
});
process.send?.("up");
