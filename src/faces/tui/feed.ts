/**
 * The router's status as it changes: server-sent events of `/api/live`, connected again when they
 * end. Invariant: `onStatus` gets whole snapshots only; a delta that does not follow is answered by
 * connecting anew.
 */
import { applyDelta, type StatusDelta, type StatusSnapshot } from '../../control/status.ts';

const RETRY_MS = 2000;
/** One event a second is due. */
const SILENCE_MS = 6000;

export interface FeedListener {
  onStatus(status: StatusSnapshot): void;
  /** A sentence without its full stop: why nothing comes. */
  onTrouble(why: string): void;
}

/** Follows until `signal` ends it. */
export async function follow(
  url: string,
  headers: Readonly<Record<string, string>>,
  listener: FeedListener,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const why = await watchOnce(url, headers, listener, signal);
    if (signal.aborted) return;
    listener.onTrouble(why);
    await pause(signal);
  }
}

async function watchOnce(
  url: string,
  headers: Readonly<Record<string, string>>,
  listener: FeedListener,
  signal: AbortSignal,
): Promise<string> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const both = AbortSignal.any([signal, silence.signal]);
    const response = await fetch(`${url}/api/live`, { headers, signal: both });
    if (response.status !== 200) return refusal(response);
    const reader = new EventReader(listener);
    const decoder = new TextDecoder();
    for await (const chunk of response.body!) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      if (!reader.read(decoder.decode(chunk, { stream: true }))) return 'an update was missed';
    }
    return 'the router ended the connection';
  } catch (error) {
    if (silence.signal.aborted) return `nothing came for ${SILENCE_MS / 1000} s`;
    // Node tells the reason as the error's cause, Bun in the error itself.
    const { cause, code, message } = error as NodeJS.ErrnoException & {
      cause?: NodeJS.ErrnoException;
    };
    if ((cause?.code ?? code) === 'ECONNREFUSED') return `nothing listens on ${url}`;
    return `cannot reach ${url}: ${cause?.message ?? message}`;
  } finally {
    clearTimeout(timer);
  }
}

async function refusal(response: Response): Promise<string> {
  await response.body?.cancel();
  if (response.status === 401) {
    return 'the router wants its token: put dashboard.token into LLM_ROUTER_TOKEN';
  }
  return `${response.url} answers ${response.status}`;
}

/** Is `next` to be drawn, so long after what was drawn last? Snapshots come once a second. */
export function isDue(drawn: StatusSnapshot | undefined, next: StatusSnapshot): boolean {
  const seconds = next.seq - (drawn?.seq ?? Number.NEGATIVE_INFINITY);
  // A router that was started anew counts from 0 again.
  return seconds < 0 || seconds >= Math.round(next.router.refresh_interval_ms / 1000);
}

/** Takes events apart however they are cut; for tests. */
export class EventReader {
  readonly #listener: FeedListener;
  #text = '';
  #status: StatusSnapshot | undefined;

  constructor(listener: FeedListener) {
    this.#listener = listener;
  }

  /** False: an event does not follow the one before. */
  read(text: string): boolean {
    this.#text += text;
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end < 0) return true;
      const event = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      if (!this.#take(event)) return false;
    }
  }

  #take(event: string): boolean {
    const fields = new Map(
      event.split('\n').map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
      }),
    );
    const data = fields.get('data');
    if (data === undefined) return true;
    const parsed = JSON.parse(data) as StatusSnapshot | StatusDelta;
    const status =
      fields.get('event') === 'snapshot'
        ? (parsed as StatusSnapshot)
        : this.#status && applyDelta(this.#status, parsed as StatusDelta);
    if (status === undefined) return false;
    this.#status = status;
    this.#listener.onStatus(status);
    return true;
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, RETRY_MS);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
