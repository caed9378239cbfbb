/* The mark: an arrow lifted by rising air. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <g className="stroke-on-accent">
        <path d="M9 14.5 16 7.5l7 7M16 8v9" strokeWidth="3" />
        <path d="M10 23.5c2-2.6 4-2.6 6 0s4 2.6 6 0" strokeWidth="2.6" opacity=".75" />
      </g>
    </svg>
  );
}
