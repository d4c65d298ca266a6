import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The development server passes these on to a Mema server on its default port. */
const api = "http://127.0.0.1:8787";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    // A data: URL would need a hole in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: true,
    // Only the parts of the shared package that the page uses.
    rolldownOptions: {
      // One file for what every page needs: it compresses better than several, and stays the same when only our own code changes.
      output: {
        codeSplitting: {
          groups: [
            {
              name: "libraries",
              test: /node_modules\/(react|react-dom|scheduler|use-sync-external-store|@tanstack\/(?!react-virtual|virtual-core)|@trpc)/,
            },
          ],
        },
      },
    },
  },
  server: { proxy: { "/trpc": api } },
});
