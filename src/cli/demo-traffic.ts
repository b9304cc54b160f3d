/**
 * A trickle of streams through the demo's router, so that its dashboard has something to show.
 * Invariant: it never fails the demo, and nothing of it is left when the demo ends.
 */

const STREAMS = 3;
const REST_MS = 900;

export class DemoTraffic {
  readonly #model: string;
  readonly #abort = new AbortController();

  constructor(model: string) {
    this.#model = model;
  }

  /** Returns at once; `apiUrl` has no path. */
  start(apiUrl: string): void {
    for (let stream = 0; stream < STREAMS; stream++)
      void this.#run(`${apiUrl}/v1/chat/completions`);
  }

  stop(): void {
    this.#abort.abort();
  }

  async #run(url: string): Promise<void> {
    const { signal } = this.#abort;
    const messages = [{ role: 'user', content: 'Tell me about routers.' }];
    const body = JSON.stringify({ model: this.#model, messages, stream: true });
    const headers = { 'Content-Type': 'application/json' };
    while (!signal.aborted) {
      try {
        const response = await fetch(url, { method: 'POST', headers, body, signal });
        await response.text();
      } catch {
        // Stopped, or the engines are not up yet.
      }
      await new Promise((done) => setTimeout(done, REST_MS * (0.5 + Math.random())).unref());
    }
  }
}
