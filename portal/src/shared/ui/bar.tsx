/* Bars: progress of a device, and a measured value against its limit. */
interface BarProps {
  percent: number;
  label: string;
  fill: string;
  moving?: boolean;
}

export function Bar({ percent, label, fill, moving = false }: BarProps) {
  const value = Math.max(0, Math.min(100, percent));
  return (
    <div role="progressbar" aria-label={label} aria-valuenow={Math.round(value)} aria-valuemin={0} aria-valuemax={100} className="h-[5px] w-full overflow-hidden rounded-full bg-raise">
      <div className={`h-full rounded-full transition-[width] duration-500 motion-reduce:transition-none ${fill} ${moving ? "stripe" : ""}`} style={{ width: `${value}%` }} />
    </div>
  );
}

interface MeterProps {
  label: string;
  value: string;
  note: string;
  percent: number;
  markPercent: number | null;
  tone: "ok" | "bad" | "accent" | "idle";
}

const TONES = { ok: ["bg-ok", "text-ok"], bad: ["bg-bad", "text-bad"], accent: ["bg-accent", ""], idle: ["bg-idle", "text-muted"] } as const;

/* A value on a scale with the limit as a mark. */
export function Meter({ label, value, note, percent, markPercent, tone }: MeterProps) {
  const [fill, ink] = TONES[tone];
  return (
    <div className="min-w-0">
      <div className="mb-2 flex flex-wrap justify-between gap-x-3">
        <span>{label}</span>
        <span className="num text-muted">
          <b className={`font-[600] ${ink || "text-ink"}`}>{value}</b> {note}
        </span>
      </div>
      <div className="relative h-[5px] rounded-full bg-raise" role="img" aria-label={`${label}: ${value} ${note}`}>
        <div className={`h-full rounded-full transition-[width] duration-500 motion-reduce:transition-none ${fill}`} style={{ width: `${Math.min(100, percent)}%` }} />
        {markPercent !== null && <div className={`absolute -top-1 h-[13px] w-[1.5px] ${tone === "accent" || tone === "idle" ? "bg-ink" : "bg-bad"}`} style={{ left: `${Math.min(100, markPercent)}%` }} />}
      </div>
    </div>
  );
}
