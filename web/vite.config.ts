/// <reference types="vitest/config" />
import { defineConfig } from "vite";
import { emojiData } from "./build/emoji-data.ts";

const server = "http://127.0.0.1:5000";

export default defineConfig({
  base: "/",
  plugins: [emojiData()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // Everything stays a file of its own: the page's policy (script-src/style-src 'self') allows no data: modules.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    port: 5173,
    proxy: {
      "/socket.io": { target: server, ws: true },
      "/upload": server,
      "/uploads": server,
      "/config.json": server,
      "/healthz": server,
    },
  },
  test: {
    // Tests that need a page say so in their first line.
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}", "test/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    // axe takes seconds on a busy machine.
    testTimeout: 30_000,
  },
});
