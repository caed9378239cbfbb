/* Joins the stream with React: one provider, its status, and the rows that a component watches. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { keys, refreshEvents, summaryQuery } from "../api/queries";
import { applyChanges } from "./apply";
import { LiveStream, type LiveStatus } from "./stream";

/* What the stream does not carry is read again after a change, at most so often. */
const REREAD_MS = 2000;

const Context = createContext<LiveStream | null>(null);
const CONNECTING: LiveStatus = { state: "connecting" };

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [stream, setStream] = useState<LiveStream | null>(null);
  useEffect(() => {
    let reread: ReturnType<typeof setTimeout> | undefined;
    const readRest = () => {
      reread = undefined;
      refreshEvents(client);
      void client.invalidateQueries({ queryKey: keys.releases });
    };
    const made = new LiveStream({
      onChanges: (changes) => {
        applyChanges(client, changes);
        reread ??= setTimeout(readRest, REREAD_MS);
      },
      onReset: () => void client.invalidateQueries(),
      onRefused: () => void client.invalidateQueries({ queryKey: keys.session }),
      probe: () => client.fetchQuery({ ...summaryQuery(), staleTime: 0, retry: false }).then(() => {}),
    });
    made.start();
    setStream(made);
    return () => {
      made.stop();
      clearTimeout(reread);
    };
  }, [client]);
  return <Context value={stream}>{children}</Context>;
}

const never = () => () => {};

export function useLiveStatus(): LiveStatus {
  const stream = useContext(Context);
  return useSyncExternalStore(stream?.subscribe ?? never, stream?.status ?? (() => CONNECTING));
}

/* Asks for changes of these devices while the component is mounted. */
export function useWatch(ids: readonly string[]): void {
  const stream = useContext(Context);
  const owner = useRef(Symbol("watch"));
  const key = ids.join(",");
  useEffect(() => {
    stream?.watch(owner.current, key ? key.split(",") : []);
  }, [stream, key]);
  useEffect(() => {
    const { current } = owner;
    return () => stream?.watch(current, []);
  }, [stream]);
}
