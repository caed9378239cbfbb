/* An EventSource that does what the test says. */
export class FakeSource extends EventTarget {
  static made: FakeSource[] = [];
  static readonly CLOSED = 2;
  readyState = 0;
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    FakeSource.made.push(this);
  }

  static get last(): FakeSource {
    const source = FakeSource.made.at(-1);
    if (!source) throw new Error("no stream was opened");
    return source;
  }

  get watched(): string[] {
    return (new URL(this.url, "http://x").searchParams.get("devices") ?? "").split(",").filter(Boolean);
  }

  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  say(kind: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }));
  }

  fail({ closed = false } = {}): void {
    this.readyState = closed ? 2 : 0;
    this.dispatchEvent(new Event("error"));
  }

  close(): void {
    this.readyState = 2;
  }
}
