/* Head of a page: where one is, what it is, what one can do. */
import { ArrowLeft } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Link } from "wouter";
import { text } from "../text";

interface PageHeadProps {
  title: string;
  heading?: ReactNode;
  lead?: ReactNode;
  back?: { to: string; label: string };
  children?: ReactNode;
}

export function PageHead({ title, heading, lead, back, children }: PageHeadProps) {
  useEffect(() => {
    document.title = title === text.product ? title : `${title} · ${text.product}`;
  }, [title]);
  return (
    <header className="mb-4">
      {back && (
        <Link href={back.to} className="link mb-2 inline-flex min-h-6 items-center gap-1.5 text-muted max-md:min-h-11">
          <ArrowLeft size={15} aria-hidden="true" />
          {back.label}
        </Link>
      )}
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <h1 className="break-words">{heading ?? title}</h1>
          {lead !== undefined && <div className="mt-0.5 min-h-5 text-muted">{lead}</div>}
        </div>
        {children && <div className="flex flex-wrap gap-2">{children}</div>}
      </div>
    </header>
  );
}
