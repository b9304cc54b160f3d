/**
 * Which fault, if any, strikes a request: one decision at its arrival, one when its answer starts.
 * Pure: knobs in, a plan out, chance injected.
 */
import type { Random } from '../core/random.ts';
import type { SimOptions } from './flags.ts';

export interface Failure {
  /** `status`: answer that status; the others end the connection or keep silent. */
  readonly kind: 'none' | 'status' | 'hang' | 'reset' | 'close';
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

/** Where an answer breaks; `afterEvents` is Infinity when it does not. */
export interface Death {
  readonly afterEvents: number;
  readonly midEvent: boolean;
  readonly by: string;
}

const NONE: Failure = { kind: 'none', status: 0, type: '', message: '' };
const LIVES: Death = { afterEvents: Number.POSITIVE_INFINITY, midEvent: false, by: 'close' };

/** type → status, error type, message: as vLLM words them, roughly. */
const STATUS_ROWS = new Map<string, readonly [number, string, string]>([
  ['rate_limit', [429, 'rate_limit_exceeded', 'Rate limit reached.']],
  ['invalid_api_key', [401, 'authentication_error', 'Incorrect API key provided.']],
  ['context_length', [400, 'invalid_request_error', 'The maximum context length is exceeded.']],
  ['server_error', [500, 'server_error', 'The server failed while it processed the request.']],
  ['invalid_request', [400, 'invalid_request_error', 'The request is not valid.']],
  ['model_not_found', [404, 'NotFoundError', 'The model does not exist.']],
  ['busy', [503, 'service_unavailable', 'The server is overloaded, try again later.']],
  ['queue_full', [500, 'server_error', 'The request queue is full.']],
]);

export function drawFailure(options: SimOptions, random: Random): Failure {
  if (options.failureInjectionRate <= 0) return NONE;
  if (random.next() * 100 >= options.failureInjectionRate) return NONE;
  if (options.failureStatus > 0) return statusFailure(options.failureStatus);
  const types = options.failureTypes;
  const type = types.length === 0 ? 'server_error' : types[random.below(types.length)]!;
  if (type === 'hang' || type === 'reset' || type === 'close') return { ...NONE, kind: type };
  const [status, errorType, message] = STATUS_ROWS.get(type)!;
  return { kind: 'status', status, type: errorType, message };
}

export function drawDeath(options: SimOptions, random: Random): Death {
  const { dieAfterEvents, dieMidEvent, dieBy, dieRate } = options;
  if (dieAfterEvents < 0 && !dieMidEvent) return LIVES;
  if (random.next() * 100 >= dieRate) return LIVES;
  const afterEvents = dieAfterEvents < 0 ? 1 : dieAfterEvents;
  return { afterEvents, midEvent: dieMidEvent, by: dieBy };
}

function statusFailure(status: number): Failure {
  for (const [ofStatus, type, message] of STATUS_ROWS.values()) {
    if (ofStatus === status) return { kind: 'status', status, type, message };
  }
  const message = `Injected failure with status ${status}.`;
  return { kind: 'status', status, type: 'server_error', message };
}
