/**
 * An engine in virtual time: the simulator's batch with a prefix cache whose blocks are known when
 * their prompt is computed, as in a real one. Nothing waits here; the replay moves the time.
 */
import { BlockCache } from '../sim/block-cache.ts';
import { Sequence, type SequenceSink } from '../sim/scheduler.ts';
import { StepScheduler } from '../sim/step-scheduler.ts';
import { type EngineProfile, stepSettings } from './engine-profile.ts';
import type { TraceRequest } from './trace.ts';

/** One request on one engine, and whom its course is told. */
export interface Course {
  readonly request: TraceRequest;
  /** Its prompt is computed: the first token is here. */
  onFirstToken(cachedTokens: number): void;
  onEnd(): void;
  /** The engine broke down under it. */
  onLost(): void;
}

export class VirtualEngine {
  /** When something happens next; the replay calls `advance` then. */
  nextMs = Number.POSITIVE_INFINITY;
  /** Prompt tokens computed since the start. */
  computedTokens = 0;
  #batch: StepScheduler;
  #cache: BlockCache<number>;
  #courses = new Map<Sequence, Course>();
  readonly #blockTokens: number;
  readonly #profile: EngineProfile;
  readonly #speed: number;

  constructor(profile: EngineProfile, blockTokens: number, speed = 1) {
    this.#profile = profile;
    this.#blockTokens = blockTokens;
    this.#speed = speed;
    this.#batch = new StepScheduler(stepSettings(profile, speed), true);
    this.#cache = this.#newCache();
  }

  submit(course: Course, nowMs: number): void {
    const { request } = course;
    const { blocks, promptTokens } = request;
    const sink: SequenceSink = {
      onStart: () => this.cachedTokens(request),
      onTokens: (from) => {
        if (from > 0) return;
        this.#cache.touch(blocks);
        this.computedTokens += promptTokens - sequence.cachedTokens;
        course.onFirstToken(sequence.cachedTokens);
      },
      onFinish: () => {
        this.#courses.delete(sequence);
        course.onEnd();
      },
    };
    const counts = { prompt: promptTokens, cached: 0, output: request.outputTokens };
    const sequence = new Sequence(counts, sink);
    this.#courses.set(sequence, course);
    this.#batch.submit(sequence, nowMs);
    this.nextMs = this.#batch.advance(nowMs);
  }

  advance(nowMs: number): void {
    this.nextMs = this.#batch.advance(nowMs);
  }

  /** Loses all it knows and does; returns what it was doing. */
  restart(): Course[] {
    const lost = [...this.#courses.values()];
    this.#courses = new Map();
    this.#batch = new StepScheduler(stepSettings(this.#profile, this.#speed), true);
    this.#cache = this.#newCache();
    this.nextMs = Number.POSITIVE_INFINITY;
    return lost;
  }

  /** What the cache would spare this request now. */
  cachedTokens({ blocks }: TraceRequest): number {
    return this.#cache.known(blocks) * this.#blockTokens;
  }

  /** Prompt tokens that are ahead of a request that comes now. */
  queuedTokens(nowMs: number): number {
    return this.#batch.prefillLeft(nowMs, (sequence) =>
      this.cachedTokens(this.#courses.get(sequence)!.request),
    );
  }

  running(): number {
    return this.#batch.running();
  }

  waiting(): number {
    return this.#batch.waiting();
  }

  /** Time to a first token of so many tokens, on an engine that does nothing else. */
  aloneMs(tokens: number): number {
    const { stepMs, stepTokens, prefillTokensPerSecond } = this.#profile;
    const steps = Math.max(1, Math.ceil(tokens / stepTokens));
    return (steps * stepMs + (tokens * 1000) / prefillTokensPerSecond) / this.#speed;
  }

  #newCache(): BlockCache<number> {
    return new BlockCache(Math.floor(this.#profile.cacheTokens / this.#blockTokens));
  }
}
