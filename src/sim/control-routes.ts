/**
 * `/sim/*`: what a test reads from and does to the simulated engine. These routes never fail by a
 * fault knob.
 *   GET  /sim/stats     the ledger, with running, waiting and open connections
 *   GET  /sim/arrivals  {"epoch_ms": [...], "monotonic_ms": [...]} of every request
 *   GET  /sim/faults    every knob that may change, by flag name
 *   POST /sim/faults    sets knobs by flag name; all or none
 *   POST /sim/reset     puts those knobs back to how the engine was started
 */
import type { OptionName, SimOptions } from './flags.ts';
import { FLAGS, setOption } from './flags.ts';
import type { Ledger } from './ledger.ts';

export interface ControlReply {
  readonly status: number;
  readonly value: unknown;
}

const LIVE_NAMES = (Object.keys(FLAGS) as OptionName[]).filter((name) => FLAGS[name].live);

export function arrivalsReply(ledger: Ledger): ControlReply {
  const epoch = ledger.arrivals.map((arrival) => arrival.epochMs);
  const monotonic = ledger.arrivals.map((arrival) => arrival.monotonicMs);
  return { status: 200, value: { epoch_ms: epoch, monotonic_ms: monotonic } };
}

export function faultsReply(options: SimOptions): ControlReply {
  const value: Record<string, unknown> = {};
  for (const name of LIVE_NAMES) {
    const { flag, kind } = FLAGS[name];
    const raw = options[name];
    value[flag] = kind === 'seconds' ? Number(raw) / 1000 : raw;
  }
  return { status: 200, value };
}

/** Applies a JSON object of knobs to `options`; on any problem nothing changes. */
export function changeFaults(options: SimOptions, body: string): ControlReply {
  let knobs: unknown;
  try {
    knobs = JSON.parse(body);
  } catch {
    return { status: 400, value: { error: 'the body is not JSON' } };
  }
  if (typeof knobs !== 'object' || knobs === null || Array.isArray(knobs)) {
    return { status: 400, value: { error: 'the body is not an object' } };
  }
  const changed = { ...options };
  for (const [flag, raw] of Object.entries(knobs)) {
    const problem = setOption(changed, flag, raw, true);
    if (problem !== '') return { status: 400, value: { error: problem } };
  }
  Object.assign(options, changed);
  return faultsReply(options);
}

export function restoreFaults(options: SimOptions, initial: SimOptions): ControlReply {
  const kept: Record<string, unknown> = {};
  for (const name of LIVE_NAMES) kept[name] = initial[name];
  Object.assign(options, kept);
  return faultsReply(options);
}
