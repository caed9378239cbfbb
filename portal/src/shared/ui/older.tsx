import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { text } from "../text";

/* Reads the next page of a list that is shown newest first; nothing when all of it is there. */
export function Older({ query }: { query: Pick<UseInfiniteQueryResult, "hasNextPage" | "isFetchingNextPage" | "fetchNextPage"> }) {
  if (!query.hasNextPage) return null;
  return (
    <div className="border-t border-line p-3.5">
      <button type="button" className="btn" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{text.device.older}</button>
    </div>
  );
}
