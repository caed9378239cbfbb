/* The query cache's rules: the stream keeps it fresh; an ended session leads to the sign-in page. */
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { Problem } from "../shared/api/client";
import { changeSession, keys } from "../shared/api/queries";

const FRESH_MS = 10_000;
const RETRIES = 2;

const mayRetry = (error: Error): boolean => error instanceof Problem && (error.code === "network" || error.status === 503);

export function makeClient(): QueryClient {
  const onError = (error: Error) => {
    const isSignedIn = client.getQueryData(keys.session) != null;
    if (isSignedIn && error instanceof Problem && error.status === 401) changeSession(client, null);
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: { staleTime: FRESH_MS, retry: (count, error) => count < RETRIES && mayRetry(error) },
      mutations: { retry: false },
    },
  });
  return client;
}
