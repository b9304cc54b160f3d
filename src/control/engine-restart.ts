/**
 * Has an engine started anew between two of its reports? Then its cache is empty. Pure.
 *
 * A page that tells when the process started is believed: a start newer than any seen before is a
 * restart (so an address behind which two processes take turns does not count one per turn). Where
 * it is not told, counters that went back mean one.
 */
import type { EngineReport } from './dialects/dialect.ts';

/** Clocks that are set make start times wander a little. */
const SAME_START_S = 2;

export class RestartWatch {
  #newestStartS = -1;
  #promptTokens = -1;
  #generationTokens = -1;

  /** Takes in a report; true when the engine has started anew since the last one. */
  take({ startTimeS, promptTokens, generationTokens }: EngineReport): boolean {
    const told = startTimeS >= 0 && this.#newestStartS >= 0;
    const restarted = told
      ? startTimeS > this.#newestStartS + SAME_START_S
      : isBehind(promptTokens, this.#promptTokens) ||
        isBehind(generationTokens, this.#generationTokens);
    this.#newestStartS = Math.max(this.#newestStartS, startTimeS);
    this.#promptTokens = promptTokens;
    this.#generationTokens = generationTokens;
    return restarted;
  }
}

/** Both known (not -1), and the counter went back. */
function isBehind(now: number, before: number): boolean {
  return now >= 0 && now < before;
}
