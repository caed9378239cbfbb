/* Numbers, times and names for people. */
import { errorTexts } from "./api/errors";
import { Problem } from "./api/client";
import { text } from "./text";

const whole = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const number = (value: number): string => whole.format(value);

export function percent(part: number, all: number, digits = 1): string {
  if (all === 0) return "0%";
  return `${((100 * part) / all).toFixed(digits).replace(/\.0+$/, "")}%`;
}

export function bytes(value: number): string {
  return value < 1024 * 1024 ? `${number(Math.round(value / 1024))} KB` : `${(value / 1024 / 1024).toFixed(1)} MB`;
}

export const timeOfDay = (ms: number): string => clock.format(ms);

/* Time of day for today, else with the date. */
export function moment(ms: number, now: number): string {
  return new Date(ms).toDateString() === new Date(now).toDateString() ? clock.format(ms) : day.format(ms);
}

export const utc = (ms: number): string => new Date(ms).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");

export function ago(ms: number, now: number): string {
  const age = Math.max(0, now - ms);
  if (age < 5 * SECOND) return text.ago.now;
  if (age < MINUTE) return text.ago.seconds(Math.floor(age / SECOND));
  if (age < HOUR) return text.ago.minutes(Math.floor(age / MINUTE));
  if (age < DAY) return text.ago.hours(Math.floor(age / HOUR));
  return text.ago.days(Math.floor(age / DAY));
}

/* "self_test_failed" -> "Self test failed" */
export function words(name: string): string {
  const spaced = name.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

const sentences: Readonly<Record<string, string | undefined>> = errorTexts;

/* What the error list says of a code; the code's own words if the list does not know it. */
export const errorSentence = (code: string): string => sentences[code] ?? words(code);

/* What to show for a failed call: the list's text, then what the server added. */
export function explain(error: unknown): string {
  if (!(error instanceof Problem)) return text.strange;
  if (error.code === "network") return text.offlineServer;
  const said = sentences[error.code] ?? (error.message || text.strange);
  return error.detail ? `${said} (${error.detail})` : said;
}
