/**
 * Whether an engine that says it is ready really serves: it lists its models, and it completes one
 * request of one token. Asked from here, because routers ask over the network too.
 */
import { keyOf } from './engine-command.ts';
import type { ServiceRecord } from './plan.ts';

export interface Readiness {
  /** `wait`: ask again. */
  readonly state: 'ready' | 'wait';
  /** Why it waits, or what is odd about one that is ready; '' = nothing. */
  readonly note: string;
}

const LIST_MS = 5000;
/** The first request compiles kernels. */
const COMPLETION_MS = 120_000;
const MAX_SHOWN = 160;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What is asked, with the command it runs by. */
type Engine = Pick<ServiceRecord, 'apiBase' | 'servedName' | 'command'>;

/** Never rejects. `apiBase` ends in `/v1`. */
export async function askEngine(engine: Engine, fetch: Fetch): Promise<Readiness> {
  const { apiBase, servedName, command } = engine;
  const asking = { fetch, key: keyOf(command) };
  const list = await ask(asking, `${apiBase}/models`, undefined, LIST_MS);
  if (list.status === 401 || list.status === 403) {
    if (asking.key !== '') return { state: 'wait', note: `refuses its key (${list.status})` };
    const note = `asks for a key (${list.status}); the completion was not tried`;
    return { state: 'ready', note };
  }
  if (list.status !== 200) return { state: 'wait', note: `GET /v1/models: ${list.said}` };
  const names = modelNames(list.body);
  const isListed = names.length === 0 || names.includes(servedName);
  const note = isListed ? '' : `lists ${names.join(', ')} and not ${servedName}`;
  return tryCompletion(engine, asking, note);
}

/** Models without a chat template take plain prompts, and embedding models neither. */
async function tryCompletion(
  { apiBase, servedName }: Engine,
  asking: Asking,
  note: string,
): Promise<Readiness> {
  const messages = [{ role: 'user', content: 'Hi' }];
  const tries: readonly (readonly [path: string, body: object])[] = [
    ['chat/completions', { model: servedName, messages, max_tokens: 1 }],
    ['completions', { model: servedName, prompt: 'Hi', max_tokens: 1 }],
    ['embeddings', { model: servedName, input: 'Hi' }],
  ];
  let first = '';
  for (const [path, body] of tries) {
    const answer = await ask(asking, `${apiBase}/${path}`, body, COMPLETION_MS);
    if (answer.status === 200) return { state: 'ready', note };
    if (answer.status < 400 || answer.status >= 500) {
      return { state: 'wait', note: `POST /v1/${path}: ${answer.said}` };
    }
    first ||= `POST /v1/${path}: ${answer.said}`;
  }
  const odd = `completes nothing we know to ask (${first})`;
  return { state: 'ready', note: note === '' ? odd : `${note}; ${odd}` };
}

interface Answer {
  /** 0 = there was none. */
  readonly status: number;
  readonly body: string;
  readonly said: string;
}

interface Asking {
  readonly fetch: Fetch;
  /** '' = none. */
  readonly key: string;
}

async function ask(
  { fetch, key }: Asking,
  url: string,
  body: object | undefined,
  timeoutMs: number,
): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = {
    ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const post = { method: 'POST', body: JSON.stringify(body) };
  try {
    const response = await fetch(url, {
      ...(body === undefined ? {} : post),
      ...{ headers, signal, redirect: 'manual' },
    });
    const text = await response.text();
    const shown = text.replace(/\s+/g, ' ').slice(0, MAX_SHOWN);
    return { status: response.status, body: text, said: `${response.status} ${shown}`.trim() };
  } catch (error) {
    return { status: 0, body: '', said: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  // Node tells the reason as the error's cause, Bun in the error itself.
  const { cause, code } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  return cause?.code ?? code ?? error.message;
}

/** `{"data":[{"id":…}]}`; anything else lists nothing. */
function modelNames(text: string): string[] {
  try {
    const { data } = JSON.parse(text) as { data?: unknown };
    if (!Array.isArray(data)) return [];
    return data.flatMap((one: { id?: unknown }) => (typeof one?.id === 'string' ? [one.id] : []));
  } catch {
    return [];
  }
}
