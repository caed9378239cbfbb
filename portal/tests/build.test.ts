/* Budgets and promises of the build. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, inject, it } from "vitest";

const KB = 1024;
const INITIAL_JS_MAX = 125 * KB;
const CHUNK_MAX = 30 * KB;
const CSS_MAX = 10 * KB;
const FONT_MAX = 50 * KB;

const dist = inject("dist");
const names = readdirSync(dist, { recursive: true, encoding: "utf8" });
const page = readFileSync(join(dist, "index.html"), "utf8");
const sizeOf = (name: string): number => statSync(join(dist, name)).size;
const named = (end: RegExp): string[] => names.filter((name) => end.test(name));
const isInitial = (name: string): boolean => page.includes(`/${name}`);
const total = (list: string[]): number => list.reduce((sum, name) => sum + sizeOf(`${name}.gz`), 0);

describe("the build", () => {
  it("scripts of the first page fit their budget", () => {
    const initial = named(/\.js$/).filter(isInitial);
    expect(initial.length).toBeGreaterThan(1);
    expect(total(initial)).toBeLessThanOrEqual(INITIAL_JS_MAX);
  });

  it("each lazy script fits its budget", () => {
    const lazy = named(/\.js$/).filter((name) => !isInitial(name));
    expect(lazy.length).toBeGreaterThan(4);
    expect(lazy.filter((name) => sizeOf(`${name}.gz`) > CHUNK_MAX)).toEqual([]);
  });

  it("style and font fit their budgets, and there is one font file of our own", () => {
    expect(total(named(/\.css$/))).toBeLessThanOrEqual(CSS_MAX);
    expect(named(/\.woff2$/)).toHaveLength(1);
    expect(named(/\.woff2$/).every((name) => sizeOf(name) <= FONT_MAX)).toBe(true);
  });

  it("every text file stands beside its compressed forms, which hold the same bytes", () => {
    for (const name of named(/\.(html|js|css|svg)$/)) {
      const bytes = readFileSync(join(dist, name));
      expect(existsSync(join(dist, `${name}.gz`)), name).toBe(true);
      expect(gunzipSync(readFileSync(join(dist, `${name}.gz`))).equals(bytes), name).toBe(true);
      expect(brotliDecompressSync(readFileSync(join(dist, `${name}.br`))).equals(bytes), name).toBe(true);
    }
  });

  it("the page holds no inline script or style and names no other host", () => {
    expect(page).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\son\w+=/);
    const texts = [page, ...named(/\.css$/).map((name) => readFileSync(join(dist, name), "utf8"))];
    expect(texts.filter((text) => /(src|href)="(https?:)?\/\/|url\((https?:)?\/\//.test(text))).toEqual([]);
  });
});
