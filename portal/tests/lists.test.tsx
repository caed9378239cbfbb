// @vitest-environment jsdom
/* Lists longer than a page. */
import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { openPage } from "./page";

for (const [path, list] of [["/rollouts", "rollouts"], ["/firmware", "releases"]] as const) {
  it(`a list longer than a page is read further when asked: ${path}`, async () => {
    const prepare = ({ fleet }: { fleet: { rollouts: unknown[]; releases: unknown[] } }) => {
      const [first] = fleet[list] as [object];
      fleet[list] = Array.from({ length: 120 }, (_, i) => ({ ...first, id: `X-${120 - i}`, version: `9.${120 - i}.0` }));
    };
    const { user } = openPage({ path, prepare });
    await screen.findAllByText(/9\.71\.0/);
    expect(screen.queryByText(/9\.70\.0/)).toBeNull();
    await user.click(await screen.findByRole("button", { name: "Show older" }));
    await screen.findAllByText(/9\.21\.0/);
    await user.click(await screen.findByRole("button", { name: "Show older" }));
    await screen.findAllByText(/9\.1\.0/);
    expect(screen.queryByRole("button", { name: "Show older" })).toBeNull();
  });
}
