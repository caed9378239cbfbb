/* Buttons that change something: they know the role they need and that a stale page may only halt. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Role } from "../api/client";
import { sessionQuery } from "../api/queries";
import { useLiveStatus } from "../live/live";
import { text } from "../text";

const RANK: Record<Role, number> = { viewer: 0, operator: 1, approver: 2, admin: 3 };

/* Why the signed-in person may not act now, or null. `urgent` acts work on a stale page too. */
export function useObstacle(needs: Role, urgent = false): string | null {
  const { data: session } = useQuery(sessionQuery());
  const status = useLiveStatus();
  if (!session || RANK[session.role] < RANK[needs]) return text.action.needs(needs);
  return status.state === "stale" && !urgent ? text.action.stale : null;
}

interface ActionProps {
  needs?: Role;
  urgent?: boolean;
  busy?: boolean;
  look?: "" | "btn-primary" | "btn-halt" | "btn-danger";
  icon?: ReactNode;
  className?: string;
  onClick: () => void;
  children: string;
}

export function Action({ needs = "operator", urgent = false, busy = false, look = "", icon, className = "", onClick, children }: ActionProps) {
  const obstacle = useObstacle(needs, urgent);
  return (
    <button type="button" className={`btn ${look} ${className}`} disabled={obstacle !== null || busy} title={obstacle ?? undefined} onClick={onClick}>
      {icon}
      {children}
    </button>
  );
}
