/**
 * Asking a running router, through its admin API, to send engines nothing new, and waiting until
 * what they are busy with has ended. Expected troubles are sentences, never exceptions: an engine
 * is stopped all the same, and its user told what was not waited for.
 */
import type { Fetch } from './readiness.ts';

export interface RouterAccess {
  /** Of the operators' listener, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** '' = none. */
  readonly token: string;
  readonly fetch: Fetch;
  readonly sleep: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
}

interface EndpointNow {
  readonly id: string;
  readonly api_base: string;
  readonly connections: number;
  readonly pending: number;
  /** As dashboards show it: `healthy`, `down`, `draining`, … */
  readonly state: string;
}

const ANSWER_MS = 10_000;
const POLL_MS = 250;
/** Until the router must have seen an engine that completes requests. */
const SEEN_MS = 30_000;

export class RouterAdmin {
  readonly #access: RouterAccess;

  constructor(access: RouterAccess) {
    this.#access = access;
  }

  /** Resolves with what went wrong or was cut short, '' = all are idle. */
  async drain(apiBases: ReadonlySet<string>, timeoutMs: number): Promise<string> {
    const told = await this.#tell(apiBases, 'draining');
    if (told !== '') return told;
    const untilMs = this.#access.nowMs() + timeoutMs;
    for (;;) {
      const found = await this.#endpoints(apiBases);
      if (typeof found === 'string') return found;
      const busy = found.reduce((sum, one) => sum + one.connections + one.pending, 0);
      if (busy === 0) return '';
      if (this.#access.nowMs() > untilMs) {
        const seconds = Math.round(timeoutMs / 1000);
        return `${busy} requests still ran after ${seconds} s of draining`;
      }
      await this.#access.sleep(POLL_MS);
    }
  }

  /**
   * After a restart: they may have requests again, and the router is made to look now, since what
   * it knows of them is from before. Resolves when it sees them healthy.
   */
  async enable(apiBases: ReadonlySet<string>): Promise<string> {
    const told = await this.#tell(apiBases, 'enabled');
    if (told !== '') return told;
    const untilMs = this.#access.nowMs() + SEEN_MS;
    for (;;) {
      const found = await this.#endpoints(apiBases);
      if (typeof found === 'string') return found;
      const unseen = found.filter(({ state }) => state !== 'healthy' && state !== 'busy');
      if (unseen.length === 0) return '';
      if (this.#access.nowMs() > untilMs) return `the router does not see ${unseen[0]!.id} healthy`;
      for (const { id } of unseen) {
        for (const action of ['reset-ejection', 'check']) {
          const answer = await this.#ask(`${pathOf(id)}/${action}`, { method: 'POST' });
          if (typeof answer === 'string') return answer;
        }
      }
      await this.#access.sleep(POLL_MS);
    }
  }

  async #tell(apiBases: ReadonlySet<string>, state: string): Promise<string> {
    const found = await this.#endpoints(apiBases);
    if (typeof found === 'string') return found;
    for (const { id } of found) {
      const answer = await this.#ask(pathOf(id), {
        method: 'PATCH',
        body: JSON.stringify({ state }),
      });
      if (typeof answer === 'string') return answer;
    }
    return '';
  }

  async #endpoints(apiBases: ReadonlySet<string>): Promise<EndpointNow[] | string> {
    const answer = await this.#ask('/admin/endpoints', {});
    if (typeof answer === 'string') return answer;
    const { endpoints } = answer as { endpoints?: EndpointNow[] };
    if (!Array.isArray(endpoints)) return `${this.#access.url} answers as no router does`;
    return endpoints.filter(({ api_base: apiBase }) => apiBases.has(apiBase));
  }

  async #ask(path: string, init: RequestInit): Promise<object | string> {
    const { url, token, fetch } = this.#access;
    const headers = {
      'content-type': 'application/json',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    };
    const signal = AbortSignal.timeout(ANSWER_MS);
    try {
      const response = await fetch(new URL(path, url).href, { ...init, headers, signal });
      if (response.status === 401) return `${url} wants its token in LLM_ROUTER_TOKEN`;
      if (!response.ok) return `${url} answered ${response.status} to ${path}`;
      return (await response.json()) as object;
    } catch (error) {
      // Node tells the reason as the error's cause, Bun in the error itself.
      const { cause, code } = error as { cause?: { code?: string }; code?: string | number };
      const said = cause?.code ?? code;
      const reason = typeof said === 'string' ? said : 'no JSON in time';
      return `${url} does not answer (${reason}): is it the router's operations address?`;
    }
  }
}

function pathOf(id: string): string {
  return `/admin/endpoints/${encodeURIComponent(id)}`;
}
