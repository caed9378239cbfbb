import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import precompress from "./scripts/precompress.mjs";

const server = process.env.UPDRAFT_OPERATOR ?? "http://127.0.0.1:8081";

export default defineConfig({
  plugins: [react(), tailwindcss(), precompress()],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
  server: { proxy: { "/api": server } },
});
