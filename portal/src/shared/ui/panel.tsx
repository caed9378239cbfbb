/* A part of a page. It shows its own loading, empty, error and no-permission states, and its crash stays inside it. */
import type { UseQueryResult } from "@tanstack/react-query";
import { CircleAlert, LockKeyhole } from "lucide-react";
import { Component, type ReactNode, useId } from "react";
import { Problem } from "../api/client";
import { explain } from "../format";
import { text } from "../text";

interface PanelProps {
  title: string;
  aside?: ReactNode;
  className?: string;
  hideTitle?: boolean;
  children: ReactNode;
}

export function Panel({ title, aside, className = "", hideTitle = false, children }: PanelProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={`panel min-w-0 ${className}`}>
      <div className={hideTitle ? "sr-only" : "flex items-baseline justify-between gap-3 px-3.5 pt-3.5 pb-1.5"}>
        <h2 id={id}>{title}</h2>
        {aside !== undefined && <span className="num text-muted">{aside}</span>}
      </div>
      <Boundary>{children}</Boundary>
    </section>
  );
}

export class Boundary extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError() {
    return { crashed: true };
  }

  override render() {
    if (!this.state.crashed) return this.props.children;
    return <Note icon={<CircleAlert size={16} />} lead={text.panel.crashed} action={{ label: text.panel.again, run: () => this.setState({ crashed: false }) }} />;
  }
}

interface NoteProps {
  icon?: ReactNode;
  lead: string;
  children?: ReactNode;
  action?: { label: string; run: () => void };
  alert?: boolean;
}

export function Note({ icon, lead, children, action, alert = false }: NoteProps) {
  return (
    <div role={alert ? "alert" : undefined} className="flex flex-col items-start gap-2 px-3.5 pt-1.5 pb-4">
      <p className="flex items-center gap-2 font-[550]">
        {icon}
        {lead}
      </p>
      {children && <div className="max-w-prose text-muted">{children}</div>}
      {action && (
        <button type="button" className="btn" onClick={action.run}>
          {action.label}
        </button>
      )}
    </div>
  );
}

/* What to type in a terminal. */
export function Command({ children }: { children: string }) {
  return <code className="mt-1 block w-fit max-w-full rounded-md bg-raise px-2 py-1 font-mono text-[12.5px] break-words text-ink">{children}</code>;
}

export function Skeleton({ height }: { height: number }) {
  return (
    <div className="px-3.5 pt-1.5 pb-3.5">
      <p className="sr-only">{text.loading}</p>
      <div className="skeleton" style={{ height }} aria-hidden="true" />
    </div>
  );
}

interface QueryProps<T> {
  query: Pick<UseQueryResult<T>, "data" | "error" | "refetch">;
  what: string;
  height: number;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  children: (data: T) => ReactNode;
}

/* The states of a question to the server. Data that is there stays shown when a later read fails. */
export function Answer<T>({ query, what, height, isEmpty, empty, children }: QueryProps<T>) {
  if (query.data !== undefined) return <>{isEmpty?.(query.data) ? empty : children(query.data)}</>;
  if (!query.error) return <Skeleton height={height} />;
  return <Failure error={query.error} what={what} again={() => void query.refetch()} />;
}

/* What could not be read, why, and what to do; or which right is missing. */
export function Failure({ error, what, again }: { error: unknown; what: string; again: () => void }) {
  if (error instanceof Problem && error.status === 403) return <Note icon={<LockKeyhole size={16} />} lead={text.panel.forbidden} />;
  return (
    <Note alert icon={<CircleAlert size={16} className="text-bad" />} lead={text.panel.failed(what)} action={{ label: text.panel.again, run: again }}>
      <p>
        {explain(error)} {text.panel.unchanged}
      </p>
      {error instanceof Problem && error.request && <p className="font-mono text-[12.5px]">{text.panel.request(error.request)}</p>}
    </Note>
  );
}
