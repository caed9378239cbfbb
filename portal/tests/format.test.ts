import { describe, expect, it } from "vitest";
import { Problem } from "../src/shared/api/client";
import { ago, bytes, errorSentence, explain, percent, utc, words } from "../src/shared/format";

const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);

// @vitest-environment jsdom
describe("numbers and times", () => {
  it("a rate of nothing is zero, not a division by it", () => expect(percent(0, 0)).toBe("0%"));
  it("whole percents carry no zeros", () => expect([percent(20, 100, 2), percent(1, 3, 2), percent(3, 3)]).toEqual(["20%", "33.33%", "100%"]));
  it("sizes are told in the unit that fits", () => expect([bytes(2048), bytes(3 * 1024 * 1024)]).toEqual(["2 KB", "3.0 MB"]));
  it("an age is told in its largest unit", () =>
    expect([1e3, 42e3, 90e3, 2 * 3600e3, 26 * 3600e3].map((age) => ago(NOW - age, NOW))).toEqual(["just now", "42 s ago", "1 min ago", "2 h ago", "1 day ago"]));
  it("a clock that runs ahead of ours is now, not the future", () => expect(ago(NOW + 60e3, NOW)).toBe("just now"));
  it("hovering a time tells UTC", () => expect(utc(NOW)).toBe("2026-01-15 12:00:00 UTC"));
});

describe("errors", () => {
  it("a code of the list speaks in the list's words", () => expect(errorSentence("self_test_failed")).toContain("self-test failed"));
  it("an unknown code still reads as words", () => expect([errorSentence("new_code"), words("rolled_back")]).toEqual(["New code", "Rolled back"]));
  it("a problem's detail follows the list's text", () => {
    const problem = new Problem({ status: 409, code: "conflict", title: "x", detail: "R-1 is halted" });
    expect(explain(problem)).toBe("The present state does not allow that; look at the state and try again. (R-1 is halted)");
  });
  it("no answer at all says what to check", () => expect(explain(new Problem({ status: 0, code: "network", title: "" }))).toContain("does not answer"));
});
