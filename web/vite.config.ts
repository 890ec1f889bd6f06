import { fileURLToPath } from "node:url";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { mock } from "./dev/mock.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** `TALLYMARK_SERVER=http://127.0.0.1:8080 npm run dev` talks to a running server, else to the one in memory. */
const server = process.env.TALLYMARK_SERVER;

export default defineConfig({
  plugins: [svelte(), ...(server === undefined ? [mock()] : [])],
  resolve: { alias: { "@": here("./src"), "@dev": here("./dev") } },
  base: "./",
  build: {
    outDir: here("../src/tallymark/server/static"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { input: { index: here("./index.html"), admin: here("./admin.html") } },
  },
  server: server === undefined ? {} : { proxy: { "/api": server, "/media": server } },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
