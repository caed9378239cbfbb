/* Rules of the source itself: who may import whom, how long a file may be, where words may stand. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));
const LINES_MAX = 250;
const GENERATED = ["shared/api/schema.ts"];
const SPOKEN = new Set(["title", "aria-label", "placeholder", "alt", "label", "lead", "name", "what", "none", "empty"]);

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(ts|tsx|css)$/.test(name) && !GENERATED.includes(name))
  .map((name) => ({ name, source: readFileSync(join(SRC, name), "utf8") }));

/* "features/rollout", "shared" or "app": what the rules speak of. */
const partOf = (name: string): string => (name.startsWith("features/") ? name.split("/").slice(0, 2).join("/") : (name.split("/")[0] ?? ""));

export function badImports(name: string, source: string): string[] {
  const from = partOf(name);
  return [...source.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]*)"/g)]
    .map(([, path]) => partOf(normalize(join(dirname(name), path ?? ""))))
    .filter((to) => (from.startsWith("features/") && to !== from && to !== "shared") || (from === "shared" && to !== "shared"))
    .map((to) => `${name} imports ${to}`);
}

export function strayWords(name: string, source: string): string[] {
  const found: string[] = [];
  const tree = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node) && /\p{L}{2}/u.test(node.text)) found.push(`${name}: ${node.text.trim()}`);
    if (ts.isJsxAttribute(node) && SPOKEN.has(node.name.getText(tree)) && node.initializer && ts.isStringLiteral(node.initializer) && node.parent.parent.getText(tree).indexOf("<input") < 0) {
      if (/\p{L}{2}/u.test(node.initializer.text)) found.push(`${name}: ${node.initializer.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

describe("the source", () => {
  it("features do not import each other, shared imports neither features nor app", () => {
    expect(files.flatMap(({ name, source }) => badImports(name, source))).toEqual([]);
  });

  it("a planted import of another feature is found", () => {
    expect(badImports("features/a/x.tsx", 'import { y } from "../b/y";')).toEqual(["features/a/x.tsx imports features/b"]);
    expect(badImports("shared/x.ts", 'const y = import("../features/b/y");')).toHaveLength(1);
    expect(badImports("features/a/x.tsx", 'import { y } from "../../shared/y"; import { z } from "./z";')).toEqual([]);
  });

  it(`no file is longer than ${LINES_MAX} lines`, () => {
    expect(files.filter(({ name, source }) => name.endsWith("css") === false && source.split("\n").length > LINES_MAX + 1).map(({ name }) => name)).toEqual([]);
  });

  it("all visible words stand in the catalogue", () => {
    expect(files.filter(({ name }) => name.endsWith(".tsx")).flatMap(({ name, source }) => strayWords(name, source))).toEqual([]);
  });

  it("a planted word is found", () => {
    expect(strayWords("x.tsx", "const x = <p title={t}>Hello</p>;")).toEqual(["x.tsx: Hello"]);
    expect(strayWords("x.tsx", 'const x = <p aria-label="Hello" />;')).toEqual(["x.tsx: Hello"]);
  });
});
