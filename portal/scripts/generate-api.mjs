// Writes src/shared/api/schema.ts from api/openapi.yaml; leaves the file alone when nothing changed.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapiTypescript, { astToString } from "openapi-typescript";

const contract = new URL("../../api/openapi.yaml", import.meta.url);
const target = fileURLToPath(new URL("../src/shared/api/schema.ts", import.meta.url));

const types = astToString(await openapiTypescript(contract));
const text = `/* Generated from api/openapi.yaml by npm run generate. */\n${types}`;
if (!existsSync(target) || readFileSync(target, "utf8") !== text) {
  writeFileSync(target, text);
}
