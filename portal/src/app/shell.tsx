/* What stands around every page: navigation, the state of the live connection, theme, sign-out. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Cpu, LayoutGrid, LogOut, type LucideIcon, Package, Rocket, ScrollText, WifiOff } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "wouter";
import { api, type Session, unwrap } from "../shared/api/client";
import { changeSession } from "../shared/api/queries";
import { timeOfDay } from "../shared/format";
import { useLiveStatus } from "../shared/live/live";
import { text } from "../shared/text";
import { Announcer } from "../shared/ui/announce";
import { Logo } from "../shared/ui/logo";
import { ThemeToggle } from "./theme";

const PLACES: [string, string, LucideIcon][] = [
  ["/", text.nav.overview, LayoutGrid],
  ["/devices", text.nav.devices, Cpu],
  ["/rollouts", text.nav.rollouts, Rocket],
  ["/firmware", text.nav.firmware, Package],
  ["/activity", text.nav.activity, ScrollText],
];

function useIsHere(): (place: string) => boolean {
  const [path] = useLocation();
  return (place) => (place === "/" ? path === "/" : path === place || path.startsWith(`${place}/`));
}

function Brand() {
  return (
    <Link href="/" className="flex items-center gap-2.5 max-md:min-h-11 text-[15px] font-[620]">
      <Logo size={23} />
      {text.product}
    </Link>
  );
}

function LiveMark() {
  const { state } = useLiveStatus();
  const [word, dot] = state === "live" ? [text.live.on, "bg-live"] : state === "stale" ? [text.live.stale, "bg-back pulse"] : [text.live.connecting, "bg-idle pulse"];
  return (
    <span className="flex items-center gap-2 text-[12.5px] text-muted" data-live={state}>
      <span className={`size-[7px] rounded-full ${dot}`} aria-hidden="true" />
      {word}
    </span>
  );
}

function SignOut() {
  const client = useQueryClient();
  const { mutate, isPending } = useMutation({
    mutationFn: () => unwrap(api.DELETE("/session")),
    onSuccess: () => changeSession(client, null),
  });
  return (
    <button type="button" className="icon-btn" disabled={isPending} onClick={() => mutate()} aria-label={text.session.signOut} title={text.session.signOut}>
      <LogOut size={16} aria-hidden="true" />
    </button>
  );
}

function Rail({ session }: { session: Session }) {
  const isHere = useIsHere();
  return (
    <header className="fixed inset-y-0 left-0 flex w-[216px] flex-col border-r border-line px-2.5 pt-3.5 pb-3 max-md:hidden">
      <div className="px-2 pb-4"><Brand /></div>
      <nav aria-label={text.nav.label} className="flex flex-col gap-0.5">
        {PLACES.map(([place, name, Icon]) => (
          <Link key={place} href={place} aria-current={isHere(place) ? "page" : undefined} className="flex h-8 items-center gap-2.5 rounded-lg px-2 text-muted hover:text-ink aria-[current]:bg-raise aria-[current]:font-[550] aria-[current]:text-ink">
            <Icon size={16} aria-hidden="true" />
            {name}
          </Link>
        ))}
      </nav>
      <div className="mt-auto flex items-center gap-1 pl-2">
        <div className="min-w-0 flex-1">
          <LiveMark />
          <p className="truncate text-[12.5px] text-muted" title={text.session.as(session.account, session.role)}>{text.session.as(session.account, session.role)}</p>
        </div>
        <ThemeToggle />
        <SignOut />
      </div>
    </header>
  );
}

function PhoneBars() {
  const isHere = useIsHere();
  return (
    <>
      <header className="flex items-center justify-between border-b border-line px-3.5 py-1 md:hidden">
        <Brand />
        <div className="flex items-center gap-1">
          <LiveMark />
          <ThemeToggle />
          <SignOut />
        </div>
      </header>
      <nav aria-label={text.nav.label} className="fixed inset-x-0 bottom-0 z-30 flex border-t border-line bg-panel pb-[env(safe-area-inset-bottom)] md:hidden">
        {PLACES.map(([place, name, Icon]) => (
          <Link key={place} href={place} aria-current={isHere(place) ? "page" : undefined} className="flex h-[52px] flex-1 flex-col items-center justify-center gap-1 text-[11px] text-muted aria-[current]:font-[550] aria-[current]:text-accent">
            <Icon size={19} aria-hidden="true" />
            {name}
          </Link>
        ))}
      </nav>
    </>
  );
}

function StaleBanner() {
  const status = useLiveStatus();
  return (
    <div role="status" className="sticky top-2 z-40">
      {status.state === "stale" && (
        <p className="mb-3 flex items-center gap-2 rounded-lg border border-back/40 bg-panel px-3 py-2 shadow-lg">
          <WifiOff size={16} className="shrink-0 text-back" aria-hidden="true" />
          <span><b className="font-[600]">{text.live.banner(timeOfDay(status.sinceMs))}</b> {text.live.bannerNote}</span>
        </p>
      )}
    </div>
  );
}

export function Shell({ session, children }: { session: Session; children: ReactNode }) {
  const [path] = useLocation();
  useEffect(() => {
    window.scrollTo(0, 0);
  }, [path]);
  return (
    <>
      <a href="#content" className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-lg focus:bg-panel focus:px-3 focus:py-2">{text.skip}</a>
      <Rail session={session} />
      <PhoneBars />
      <main id="content" tabIndex={-1} className="mx-auto max-w-[1400px] px-3.5 pt-5 pb-24 outline-none md:ml-[216px] md:px-7 md:pb-10 2xl:mx-auto 2xl:pl-[244px]">
        <StaleBanner />
        {children}
      </main>
      <Announcer />
    </>
  );
}
