/** A small fleet and a fetch that tests answer by hand. */
import type { ControlColumns } from '../core/columns.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import type { FetchedText, FetchText } from './fetch-text.ts';

/** For tests. */
export function endpointAt(slot: number, changes: Partial<EndpointSpec> = {}): EndpointSpec {
  const apiBase = changes.apiBase ?? `http://10.0.0.${slot}:8000/v1`;
  const modelName = changes.modelName ?? 'm';
  return {
    id: `${modelName}@${apiBase}`,
    slot,
    modelName,
    upstreamModel: modelName,
    apiBase,
    tls: false,
    host: `10.0.0.${slot}`,
    port: 8000,
    basePath: '/v1',
    apiKey: '',
    weight: 1,
    rpmLimit: 0,
    sourceType: 'self_deployed',
    ...changes,
  };
}

/** For tests: columns that only the control plane has. */
export function controlColumns(slots: number): ControlColumns {
  return {
    probeState: new Int32Array(slots),
    operatorState: new Int32Array(slots),
    forgivenMs: new Float64Array(slots),
    running: new Int32Array(slots),
    waiting: new Int32Array(slots),
    kvUsage: new Float64Array(slots),
    reportAtMs: new Float64Array(slots),
    cacheTokens: new Int32Array(slots).fill(-1),
    restarts: new Int32Array(slots),
    tenancy: new Int32Array(slots),
  };
}

interface Asked {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: (result: FetchedText) => void;
}

/** Fetches that hang until the test answers them, oldest first. */
export class FakeFetch {
  readonly open: Asked[] = [];
  /** Every URL ever asked for. */
  readonly urls: string[] = [];

  readonly fetch: FetchText = (url, _timeoutMs, headers) => {
    this.urls.push(url);
    return new Promise((answer) => this.open.push({ url, headers, answer }));
  };

  /** Answers the oldest open fetch whose URL contains `part`. */
  async reply(status: number, text: string, part = ''): Promise<void> {
    await this.#settle({ status, text, error: '' }, part);
  }

  async fail(error: string, part = ''): Promise<void> {
    await this.#settle({ status: 0, text: '', error }, part);
  }

  async #settle(result: FetchedText, part: string): Promise<void> {
    const at = this.open.findIndex((asked) => asked.url.includes(part));
    if (at < 0) throw new Error(`nobody asked for "${part}"`);
    this.open.splice(at, 1)[0]!.answer(result);
    // Let the awaiting code run on.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
