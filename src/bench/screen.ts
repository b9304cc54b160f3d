/** What shows a measurement while it runs: a live panel, or a line a second. */
import type { Sample } from './measure/series.ts';
import { type Tally, TOKEN_EVENTS } from './measure/tally.ts';
import type { WorkerState } from './messages.ts';
import type { LoadSpec } from './plan.ts';
import { describeLoad } from './result.ts';

export interface View {
  /** The last one is now. */
  readonly samples: readonly Sample[];
  readonly total: Tally;
  /** By worker. */
  readonly workers: readonly Tally[];
  readonly states: readonly (WorkerState | undefined)[];
  readonly elapsedMs: number;
}

export interface RunBegin {
  readonly url: string;
  readonly model: string;
  readonly label: string;
  readonly load: LoadSpec;
}

export interface Screen {
  begin(run: RunBegin): void;
  show(view: View): void;
  /** A sentence between runs. */
  note(text: string): void;
  end(): void;
}

/** For files, pipes and `-no-visual`. */
export class LineScreen implements Screen {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  begin({ load, label }: RunBegin): void {
    this.#write(`bench: ${label === '' ? '' : `${label}: `}${describeLoad(load)}\n`);
  }

  show({ samples, total }: View): void {
    const now = samples.at(-1)!;
    const parts = [
      `${now.t.toFixed(0).padStart(5)} s`,
      `${now.qps.toFixed(1).padStart(8)} req/s`,
      `${now.succeeded} ok`,
      `${now.failed} failed`,
      `${now.in_flight} in flight`,
      ...(total.counts[TOKEN_EVENTS]! > 0 ? [`${now.tokens.toFixed(0)} tok/s`] : []),
      latency('ttft', now.ttft_p50, now.ttft_p99),
      latency('e2el', now.e2el_p50, now.e2el_p99),
    ];
    this.#write(`${parts.filter((part) => part !== '').join('  ')}\n`);
  }

  note(text: string): void {
    this.#write(`bench: ${text}\n`);
  }

  end(): void {}
}

function latency(name: string, p50: number | null, p99: number | null): string {
  if (p50 === null || p99 === null) return '';
  return `${name} p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms`;
}
