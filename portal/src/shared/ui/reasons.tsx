/* Counted reasons as bars behind their words, most common first. */
import type { Count } from "../api/client";
import { number, percent } from "../format";

interface ReasonsProps {
  counts: readonly Count[];
  none: string;
  name?: (label: string) => string;
  hint?: (label: string) => string;
  tone: "bad" | "accent";
}

export function Reasons({ counts, none, name = (label) => label, hint, tone }: ReasonsProps) {
  if (!counts.length) return <p className="px-3.5 pt-1 pb-4 text-muted">{none}</p>;
  const sum = counts.reduce((total, { count }) => total + count, 0);
  const top = Math.max(...counts.map(({ count }) => count));
  const fill = tone === "bad" ? "bg-bad/15" : "bg-accent/15";
  return (
    <ul className="flex flex-col gap-1.5 px-2 pt-1 pb-3.5">
      {counts.map(({ label, count }) => (
        <li key={label} title={hint?.(label)} className="relative flex items-baseline justify-between gap-3 px-1.5 py-[3px]">
          <span aria-hidden="true" className={`absolute inset-y-0 left-0 rounded-[4px] ${fill}`} style={{ width: `${(100 * count) / top}%` }} />
          <span className="relative min-w-0 truncate">{name(label)}</span>
          <span className="num relative whitespace-nowrap">
            <b className="font-[600]">{number(count)}</b> <span className="inline-block w-[52px] text-right text-muted">{percent(count, sum)}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

export const sumOf = (counts: readonly Count[]): number => counts.reduce((total, { count }) => total + count, 0);
