/* Builds the portal once, into a folder of its own: what the build and browser tests look at. */
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { build } from "vite";

declare module "vitest" {
  interface ProvidedContext {
    dist: string;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const dist = `${root}node_modules/.cache/portal-dist`;
  const kept = process.env.NODE_ENV;
  process.env.NODE_ENV = "production"; /* else React's development build is taken */
  await build({ root, logLevel: "error", build: { outDir: dist, emptyOutDir: true } });
  process.env.NODE_ENV = kept;
  project.provide("dist", dist);
}
