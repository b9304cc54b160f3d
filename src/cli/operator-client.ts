/**
 * The admin API as the command line uses it. Invariant: what goes wrong becomes one sentence that
 * says what to do; the token comes from the environment, since others can read a command line.
 */
import type { OperatorMethod } from '../control/operator-route.ts';

export const TOKEN_VARIABLE = 'LLM_ROUTER_TOKEN';
export const DEFAULT_URL = 'http://127.0.0.1:8080';
const PATIENCE_MS = 30_000;
const UNTRUSTED =
  'nobody here vouches for its certificate: name a file with its authority in NODE_EXTRA_CA_CERTS';

export interface OperatorAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the router answers, as JSON.
  readonly body: any;
}

/** Its message is for the user. */
export class OperatorFailure extends Error {}

export class OperatorClient {
  readonly #base: string;
  readonly #token: string;

  /** Throws an OperatorFailure when `url` is not one. */
  constructor(url: string, token: string) {
    const isWeb = /^https?:\/\//i.test(url) && URL.canParse(url);
    if (!isWeb) throw new OperatorFailure(`${url} is not an http:// or https:// address`);
    this.#base = url.replace(/\/+$/, '');
    this.#token = token;
  }

  /** Any answer of the router but 401 and 403; throws an OperatorFailure when there is none. */
  async ask(method: OperatorMethod, path: string, body?: object): Promise<OperatorAnswer> {
    const headers: Record<string, string> = {};
    if (this.#token !== '') headers.authorization = `Bearer ${this.#token}`;
    if (method !== 'GET') headers['content-type'] = 'application/json';
    let response: Response;
    try {
      response = await fetch(this.#base + path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch (error) {
      throw new OperatorFailure(this.#unreachable(error));
    }
    const answer = (await response.json().catch(() => undefined)) as OperatorAnswer['body'];
    const said = answer?.error?.message;
    if (response.status === 429) throw new OperatorFailure(`${this.#base} refuses: ${said}`);
    if (response.status === 401) throw new OperatorFailure(this.#unauthorized());
    if (answer === undefined || response.status === 403) {
      const what = said ?? `it answers ${response.status} without JSON`;
      throw new OperatorFailure(`${this.#base} does not serve the admin API here: ${what}`);
    }
    return { status: response.status, body: answer };
  }

  #unreachable(error: unknown): string {
    // Node tells the reason as the error's cause, Bun in the error itself.
    const { cause, name, code } = error as NodeJS.ErrnoException & {
      cause?: NodeJS.ErrnoException;
    };
    const reasons: Record<string, string> = {
      ECONNREFUSED:
        'nothing listens there: start the router, or see dashboard.enabled and web_port',
      ENOTFOUND: 'there is no such host',
      DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
      SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
      UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
      UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
    };
    const late = name === 'TimeoutError' ? `no answer within ${PATIENCE_MS / 1000} s` : '';
    const why = late || reasons[cause?.code ?? code ?? ''] || cause?.message || code || name;
    return `cannot reach ${this.#base}: ${why}`;
  }

  #unauthorized(): string {
    const what = this.#token === '' ? 'wants a token' : 'does not take this token';
    return `${this.#base} ${what}: put dashboard.token into ${TOKEN_VARIABLE}`;
  }
}
