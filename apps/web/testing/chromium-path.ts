import { existsSync } from "node:fs";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The system's Chromium; undefined where there is none. */
export const chromiumPath = places.find((place) => existsSync(place));
