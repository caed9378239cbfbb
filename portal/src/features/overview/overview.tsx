import { useQuery } from "@tanstack/react-query";
import { summaryQuery } from "../../shared/api/queries";
import { text } from "../../shared/text";
import { PageHead } from "../../shared/ui/page";
import { Attention } from "./attention";
import { Numbers } from "./numbers";
import { ActiveRollouts, FailureReasons, WaitReasons } from "./rollouts";
import { VersionMix } from "./versions";

export function Overview() {
  const summary = useQuery(summaryQuery());
  return (
    <>
      <PageHead title={text.overview.title} lead={summary.data && text.overview.lead(summary.data.devices, summary.data.groups)} />
      <div className="grid gap-3.5">
        <Numbers query={summary} />
        <ActiveRollouts />
        <div className="grid gap-3.5 lg:grid-cols-3">
          <FailureReasons />
          <WaitReasons />
          <VersionMix query={summary} />
        </div>
        <Attention summary={summary.data} />
      </div>
    </>
  );
}
