/* Signed out: one page. Signed in: the shell, the live stream and the routes. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Redirect, Route, Switch, useParams } from "wouter";
import { Overview } from "../features/overview/overview";
import { SignIn } from "../features/signin/signin";
import { sessionQuery } from "../shared/api/queries";
import { LiveProvider } from "../shared/live/live";
import { text } from "../shared/text";
import { Boundary, Failure, Skeleton } from "../shared/ui/panel";
import { NotFound } from "./not-found";
import { Shell } from "./shell";

const Devices = lazy(() => import("../features/devices/devices"));
const DevicePage = lazy(() => import("../features/device/device"));
const Rollouts = lazy(() => import("../features/rollouts/rollouts"));
const RolloutPage = lazy(() => import("../features/rollout/rollout"));
const Firmware = lazy(() => import("../features/firmware/firmware"));
const Activity = lazy(() => import("../features/activity/activity"));
const WAIT_PX = 480;

function One({ page: Page }: { page: typeof DevicePage | typeof RolloutPage }) {
  const { id = "" } = useParams<{ id: string }>();
  return <Page key={id} id={id} />;
}

function Pages() {
  return (
    <Suspense fallback={<Skeleton height={WAIT_PX} />}>
      <Switch>
        <Route path="/" component={Overview} />
        <Route path="/devices" component={Devices} />
        <Route path="/devices/:id"><One page={DevicePage} /></Route>
        <Route path="/rollouts" component={Rollouts} />
        <Route path="/rollouts/:id"><One page={RolloutPage} /></Route>
        <Route path="/firmware" component={Firmware} />
        <Route path="/activity" component={Activity} />
        <Route path="/sign-in"><Redirect to="/" replace /></Route>
        <Route component={NotFound} />
      </Switch>
    </Suspense>
  );
}

export function App() {
  const session = useQuery(sessionQuery());
  if (session.data === null) return <SignIn />;
  if (session.data === undefined) {
    return session.error ? <main className="p-6"><Failure error={session.error} what={text.product} again={() => void session.refetch()} /></main> : null;
  }
  return (
    <LiveProvider>
      <Shell session={session.data}>
        <Boundary>
          <Pages />
        </Boundary>
      </Shell>
    </LiveProvider>
  );
}
