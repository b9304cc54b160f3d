/**
 * The `/metrics` text of the simulated engine, in vLLM's (V1) or SGLang's names and labels. Running
 * and waiting are spread over `data-parallel-size` ranks, one line each, as the real ones do.
 * Source: Prometheus text exposition format 0.0.4; names as in the engines' own documentation.
 */
import type { Ledger } from './ledger.ts';

export interface Load {
  readonly running: number;
  readonly waiting: number;
  readonly kvUsage: number;
}

export interface PageSettings {
  readonly engine: string;
  readonly model: string;
  readonly dataParallelSize: number;
}

export function metricsPage(settings: PageSettings, load: Load, ledger: Ledger): string {
  return settings.engine === 'sglang'
    ? sglangPage(settings, load, ledger)
    : vllmPage(settings, load, ledger);
}

function vllmPage(settings: PageSettings, load: Load, ledger: Ledger): string {
  const page = new Page('vllm:', settings, 'engine');
  page.spread('gauge', 'num_requests_running', 'Requests in the batch.', load.running);
  page.spread('gauge', 'num_requests_waiting', 'Requests waiting for a slot.', load.waiting);
  page.each('gauge', 'kv_cache_usage_perc', 'Share of the KV cache in use.', load.kvUsage);
  page.spread('counter', 'prefix_cache_queries_total', 'Tokens looked up.', ledger.cacheQueries);
  page.spread('counter', 'prefix_cache_hits_total', 'Tokens found.', ledger.cacheHits);
  page.spread('counter', 'prompt_tokens_total', 'Prompt tokens.', ledger.promptTokens);
  page.spread('counter', 'generation_tokens_total', 'Tokens made.', ledger.generationTokens);
  page.family('counter', 'request_success_total', 'Requests finished.');
  page.line('request_success_total', ledger.finishedStop, ['finished_reason="stop"']);
  page.line('request_success_total', ledger.finishedLength, ['finished_reason="length"']);
  page.line('request_success_total', ledger.cancelled, ['finished_reason="abort"']);
  return page.text();
}

function sglangPage(settings: PageSettings, load: Load, ledger: Ledger): string {
  const page = new Page('sglang:', settings, 'dp_rank');
  page.spread('gauge', 'num_running_reqs', 'Requests in the batch.', load.running);
  page.spread('gauge', 'num_queue_reqs', 'Requests waiting for a slot.', load.waiting);
  page.each('gauge', 'token_usage', 'Share of the KV cache in use.', load.kvUsage);
  const rate = ledger.cacheQueries === 0 ? 0 : ledger.cacheHits / ledger.cacheQueries;
  page.each('gauge', 'cache_hit_rate', 'Share of the prompt tokens found.', rate);
  page.family('counter', 'prompt_tokens_total', 'Prompt tokens.');
  page.line('prompt_tokens_total', ledger.promptTokens, []);
  page.family('counter', 'generation_tokens_total', 'Tokens made.');
  page.line('generation_tokens_total', ledger.generationTokens, []);
  page.family('counter', 'num_requests_total', 'Requests finished.');
  page.line('num_requests_total', ledger.completed, []);
  return page.text();
}

class Page {
  readonly #prefix: string;
  readonly #model: string;
  readonly #ranks: number;
  readonly #rankLabel: string;
  readonly #lines: string[] = [];

  constructor(prefix: string, settings: PageSettings, rankLabel: string) {
    this.#prefix = prefix;
    this.#model = `model_name="${escapeLabel(settings.model)}"`;
    this.#ranks = settings.dataParallelSize;
    this.#rankLabel = rankLabel;
  }

  family(type: string, name: string, help: string): void {
    this.#lines.push(`# HELP ${this.#prefix}${name} ${help}`);
    this.#lines.push(`# TYPE ${this.#prefix}${name} ${type}`);
  }

  line(name: string, value: number, labels: readonly string[]): void {
    const all = [...labels, this.#model].join(',');
    const shown = Number.isInteger(value) ? value.toFixed(1) : String(value);
    this.#lines.push(`${this.#prefix}${name}{${all}} ${shown}`);
  }

  /** One line a rank; the lines add up to `total`. */
  spread(type: string, name: string, help: string, total: number): void {
    this.family(type, name, help);
    for (let rank = 0; rank < this.#ranks; rank++) {
      const upTo = Math.floor((total * (rank + 1)) / this.#ranks);
      const before = Math.floor((total * rank) / this.#ranks);
      this.line(name, upTo - before, [`${this.#rankLabel}="${rank}"`]);
    }
  }

  /** One line a rank, the same value in each. */
  each(type: string, name: string, help: string, value: number): void {
    this.family(type, name, help);
    for (let rank = 0; rank < this.#ranks; rank++) {
      this.line(name, value, [`${this.#rankLabel}="${rank}"`]);
    }
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
