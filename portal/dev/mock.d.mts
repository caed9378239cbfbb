/* Types of the mock for the tests that are written in TypeScript. */
export interface MockRequest {
  method: string;
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  csrf?: string | null;
  cookie?: string;
}

export interface MockAnswer {
  status: number;
  body: unknown;
  cookie?: string;
}

export class Mock {
  constructor(options?: { devices?: number; seed?: number });
  fleet: import("./fleet.d.mts").Fleet;
  ended: boolean;
  failing: Set<string>;
  forbidden: Set<string>;
  handle(request: MockRequest): MockAnswer;
}

export function serve(options?: { port?: number; dist?: string | null; still?: boolean; devices?: number }): Promise<{ mock: Mock; url: string; close: () => Promise<void> }>;
