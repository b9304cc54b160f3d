/**
 * What an operator may know of one endpoint's health: its state with a reason and a time, and
 * behind it what each voice says (operator, prober, ejector, the engine itself, slow start).
 * Read from the columns and the control plane's own notes when it is asked for.
 *
 * Invariant: the headline follows `availabilityOf`, the function that routing asks, so no page says
 * anything else than what the router does. Times are Unix milliseconds; null = not known or open.
 */
import {
  ADMITTING,
  availabilityOf,
  BUSY,
  busyUntilMs,
  DOWN,
  DRAINING,
  UNCHECKED,
} from '../core/availability.ts';
import type { Clock } from '../core/clock.ts';
import { type Columns, PROBE_DOWN, PROBE_UNKNOWN, PROBE_UP } from '../core/columns.ts';
import {
  EJECTION_NONE,
  EJECTION_PROBING,
  EJECTION_RUNNING,
  ejectedUntilMs,
  ejectingWorker,
  ejectionOf,
} from '../core/ejection-state.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { ERRORS, errorOfNumber } from '../core/errors.ts';
import { rampShare, recoveredAtMs } from '../core/slow-start.ts';
import type { OperatorNote } from './operator-states.ts';
import type { ProbeRecord } from './probe-state.ts';
import type { EndpointState, Health } from './status.ts';

/** One state, why, and since when. */
interface Said {
  /** A short code: `connection_refused`, `retry_after`; never empty. */
  readonly reason: string;
  /** The same as a sentence. */
  readonly detail: string;
  readonly since_at_ms: number | null;
  /** When it ends by itself. */
  readonly until_at_ms: number | null;
}

export interface VoiceState extends Said {
  readonly voice: 'operator' | 'prober' | 'ejector' | 'engine' | 'slow_start';
  readonly state: string;
}

export interface HealthReport extends Said {
  readonly state: EndpointState;
  readonly health: Health;
  /** What each voice says; `engine` and `slow_start` only while they say something. */
  readonly voices: readonly VoiceState[];
}

export interface StateSources {
  readonly columns: Columns;
  readonly clock: Clock;
  /** Add to a time of the Clock to have a Unix time, in milliseconds. */
  readonly wallOffsetMs: () => number;
  /** `ejection.slow_start_ms`. */
  readonly slowStartMs: () => number;
  readonly prober: { recordOf(slot: number): Readonly<ProbeRecord> | undefined };
  readonly operator: { noteOf(slot: number): OperatorNote | undefined };
}

/** One moment: all readings of a call use the same time. */
interface Moment {
  readonly sources: StateSources;
  readonly nowMs: number;
  /** From the clock's scale to Unix time. */
  wall(ms: number): number;
}

export function stateOf(sources: StateSources, { slot }: EndpointSpec): HealthReport {
  const nowMs = sources.clock.nowMs();
  const offsetMs = sources.wallOffsetMs();
  const at: Moment = { sources, nowMs, wall: (ms) => Math.round(ms + offsetMs) };
  const operator = operatorVoice(at, slot);
  const prober = proberVoice(at, slot);
  const ejector = ejectorVoice(at, slot);
  const engine = engineVoice(at, slot);
  const slowStart = slowStartVoice(at, slot);
  const voices = [operator, prober, ejector];
  if (engine !== undefined) voices.push(engine);
  if (slowStart !== undefined) voices.push(slowStart);
  const health = healthOf(sources, slot);
  const headline = (state: EndpointState, said: Said): HealthReport => {
    const { reason, detail, since_at_ms, until_at_ms } = said;
    return { state, reason, detail, since_at_ms, until_at_ms, health, voices };
  };
  switch (availabilityOf(sources.columns, slot, nowMs)) {
    case DRAINING:
      return headline(operator.state === 'maintenance' ? 'maintenance' : 'draining', operator);
    case UNCHECKED:
      return headline('unchecked', prober);
    case BUSY:
      return headline('busy', engine ?? prober);
    case DOWN:
      return headline('down', prober);
    case ADMITTING:
      if (slowStart !== undefined) return headline('healthy', slowStart);
      return headline('healthy', { ...prober, since_at_ms: upSince(at, slot, prober) });
    default:
      return headline(ejector.state === 'ejected' ? 'ejected' : 'probing', ejector);
  }
}

/**
 * `probing` without traffic would stay so for ever: a good probe since the ejection's end says
 * that nothing known speaks against the endpoint any more (docs/decisions/0018-health.md).
 */
export function healthOf(
  sources: Pick<StateSources, 'columns' | 'clock' | 'prober'>,
  slot: number,
): Health {
  const { columns, clock, prober } = sources;
  const nowMs = clock.nowMs();
  const probe = columns.control.probeState[slot];
  switch (availabilityOf(columns, slot, nowMs)) {
    case ADMITTING:
      return 'well';
    case UNCHECKED:
      return 'unknown';
    case DRAINING:
      return 'out';
    case BUSY:
      // A pause that an endpoint asked for is not a failure.
      return probe === PROBE_UP ? 'well' : 'failing';
    case DOWN:
      return 'failing';
    default: {
      const untilMs = ejectedUntilMs(columns, slot);
      const goodMs = prober.recordOf(slot)?.lastGoodMs ?? 0;
      return nowMs >= untilMs && goodMs >= untilMs ? 'well' : 'failing';
    }
  }
}

function operatorVoice({ sources, wall }: Moment, slot: number): VoiceState {
  const note = sources.operator.noteOf(slot);
  const since_at_ms = note === undefined ? null : wall(note.sinceMs);
  const said = { voice: 'operator', since_at_ms, until_at_ms: null } as const;
  if (note === undefined) {
    return { ...said, state: 'enabled', reason: 'default', detail: 'No operator changed it.' };
  }
  const what = {
    enabled: 'Enabled',
    draining: 'Drained: it finishes what it has and gets nothing new',
    maintenance: 'In maintenance: no traffic, no probes, no alerts',
  }[note.state];
  return { ...said, state: note.state, reason: 'operator', detail: `${what} (by ${note.by}).` };
}

function proberVoice({ sources, wall }: Moment, slot: number): VoiceState {
  const record = sources.prober.recordOf(slot);
  const probe = sources.columns.control.probeState[slot];
  const since_at_ms = record === undefined ? null : wall(record.sinceMs);
  const said = { voice: 'prober', since_at_ms, until_at_ms: null } as const;
  const reason = record?.code ?? '';
  const why = record?.reason ?? '';
  if (probe === PROBE_DOWN) {
    return { ...said, state: 'down', reason, detail: `Its probes fail: ${why}.` };
  }
  if (probe === PROBE_UNKNOWN && reason === '') {
    const detail = 'It was not probed yet; traffic waits for the first good probe.';
    return { ...said, state: 'unchecked', reason: 'first_probe', detail };
  }
  if (probe === PROBE_UNKNOWN) {
    return { ...said, state: 'unchecked', reason, detail: `No good probe yet: ${why}.` };
  }
  if (reason !== '') {
    return { ...said, state: 'up', reason, detail: `Up, but its last probe failed: ${why}.` };
  }
  return { ...said, state: 'up', reason: 'probe_ok', detail: 'It answers its probes.' };
}

function ejectorVoice({ sources, nowMs, wall }: Moment, slot: number): VoiceState {
  const { columns } = sources;
  const state = ejectionOf(columns, slot, nowMs);
  const by = ejectingWorker(columns, slot);
  if (state === EJECTION_NONE || by < 0) {
    const atMs = recoveredAtMs(columns, slot);
    const since_at_ms = atMs === 0 || atMs > nowMs ? null : wall(atMs);
    const detail = 'Requests to it succeed, as far as any were sent.';
    return {
      voice: 'ejector',
      state: 'open',
      reason: 'no_failures',
      detail,
      since_at_ms,
      until_at_ms: null,
    };
  }
  const cells = columns.workers[by]!;
  const code = errorOfNumber(cells.failureCode[slot]!);
  const untilMs = cells.ejectedUntilMs[slot]!;
  const why = code === undefined ? 'Requests to it failed.' : ERRORS[code].message;
  const detail = `${why} Seen by worker ${by}; ejections in a row: ${cells.ejections[slot]}.`;
  const said = { voice: 'ejector', reason: code ?? 'requests_failed' } as const;
  if (state === EJECTION_RUNNING) {
    const since_at_ms = wall(cells.ejectedAtMs[slot]!);
    return { ...said, state: 'ejected', detail, since_at_ms, until_at_ms: wall(untilMs) };
  }
  const trying = state === EJECTION_PROBING;
  const next = trying ? 'One request tries it now' : 'The next request tries it';
  return {
    ...said,
    state: trying ? 'probing' : 'probe_due',
    detail: `${next}, its ejection is over. It was: ${detail}`,
    since_at_ms: wall(untilMs),
    until_at_ms: null,
  };
}

function engineVoice({ sources, nowMs, wall }: Moment, slot: number): VoiceState | undefined {
  const untilMs = busyUntilMs(sources.columns.workers, slot);
  if (untilMs <= nowMs) return undefined;
  return {
    voice: 'engine',
    state: 'busy',
    reason: 'retry_after',
    detail: `It asked to be left alone for another ${seconds(untilMs - nowMs)} (Retry-After).`,
    since_at_ms: null,
    until_at_ms: wall(untilMs),
  };
}

function slowStartVoice({ sources, nowMs, wall }: Moment, slot: number): VoiceState | undefined {
  const { columns } = sources;
  const slowStartMs = sources.slowStartMs();
  const share = rampShare(columns, slot, nowMs, slowStartMs);
  if (share >= 1) return undefined;
  const atMs = recoveredAtMs(columns, slot);
  return {
    voice: 'slow_start',
    state: 'warming',
    reason: 'recovered',
    detail: `It recovered and takes ${Math.round(share * 100)} % of its share for now.`,
    since_at_ms: wall(Math.min(atMs, nowMs)),
    until_at_ms: wall(atMs + slowStartMs),
  };
}

/** It is up since the last of its voices agreed. */
function upSince(
  { sources, nowMs, wall }: Moment,
  slot: number,
  prober: VoiceState,
): number | null {
  if (prober.since_at_ms === null) return null;
  const note = sources.operator.noteOf(slot);
  const recoveredMs = recoveredAtMs(sources.columns, slot);
  let sinceMs = prober.since_at_ms;
  if (recoveredMs !== 0 && recoveredMs <= nowMs) sinceMs = Math.max(sinceMs, wall(recoveredMs));
  return note === undefined ? sinceMs : Math.max(sinceMs, wall(note.sinceMs));
}

function seconds(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1000))} s`;
}
