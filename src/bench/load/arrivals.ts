/**
 * When requests are due in an open loop: constant gaps, or gaps of a gamma distribution, whose
 * shape 1 is the Poisson process; at the rate of each stage, or a rate that rises on the way.
 * Every worker computes the whole sequence from the same seed and sends its own share of it, so
 * one worker or four make the same load.
 *
 * Source: Marsaglia and Tsang, "A simple method for generating gamma variables", TOMS 2000.
 */
import type { Random } from '../../core/random.ts';
import type { LoadSpec } from '../plan.ts';

export class Arrivals {
  /** Milliseconds since the start of the request last returned by `next`. */
  dueMs = 0;
  /** Its stage. */
  stage = 0;
  /** Its number. */
  index = -1;
  readonly #load: LoadSpec;
  readonly #random: Random;
  #stageEndMs: number;

  constructor(load: LoadSpec, random: Random) {
    this.#load = load;
    this.#random = random;
    this.#stageEndMs = load.stages[0]!.durationMs;
  }

  /** Goes to the next request; false after the last. */
  next(): boolean {
    const { requests, stages } = this.#load;
    this.index++;
    if (requests > 0 && this.index >= requests) return false;
    // The first request comes at once, as in vLLM's bench.
    if (this.index > 0) this.dueMs += this.#gapMs();
    while (this.#stageEndMs > 0 && this.dueMs >= this.#stageEndMs) {
      this.stage++;
      if (this.stage === stages.length) return false;
      // A gap that began at the old rate does not reach into the new one.
      this.dueMs = this.#stageEndMs;
      const { durationMs } = stages[this.stage]!;
      this.#stageEndMs = durationMs === 0 ? 0 : this.#stageEndMs + durationMs;
    }
    return true;
  }

  #gapMs(): number {
    const meanMs = 1000 / this.#rate();
    const shape = this.#load.burstiness;
    if (shape === 0) return meanMs;
    if (shape === 1) return -Math.log(1 - this.#random.next()) * meanMs;
    return (gamma(shape, this.#random) / shape) * meanMs;
  }

  #rate(): number {
    const { ramp, rampStartRate, rampEndRate, requests, stages } = this.#load;
    if (ramp === 'none') return stages[this.stage]!.rate;
    const progress = Math.min(
      1,
      requests > 0 ? this.index / Math.max(1, requests - 1) : this.dueMs / stages[0]!.durationMs,
    );
    if (ramp === 'linear') return rampStartRate + (rampEndRate - rampStartRate) * progress;
    return rampStartRate * (rampEndRate / rampStartRate) ** progress;
  }
}

/** One sample of the gamma distribution of scale 1. */
function gamma(shape: number, random: Random): number {
  // Below 1 the method needs a boost from the next higher shape.
  if (shape < 1) return gamma(shape + 1, random) * (1 - random.next()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    const u = 1 - random.next();
    if (v > 0 && Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Box and Muller, 1958. */
function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}
