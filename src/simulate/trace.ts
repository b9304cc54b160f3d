/**
 * The shape of traffic as a list of requests: when they came, how long prompt and answer were, and
 * which blocks their prompts share. Reads Mooncake's format (JSON lines; kvcache-ai/Mooncake), in
 * which `serve --record` writes too, and the CSV of Azure's public traces, whose prompts share
 * nothing that is known.
 */
import { BlockChain } from '../core/block-chain.ts';

export interface TraceRequest {
  /** From the start of the trace. */
  readonly atMs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** One key a block; equal keys mean equal prefixes up to there. */
  readonly blocks: readonly number[];
  /** The same for the router. */
  readonly chain: BlockChain;
}

export interface Trace {
  readonly requests: readonly TraceRequest[];
  /** Tokens of a block. */
  readonly blockTokens: number;
}

/** Of Mooncake's published traces; a recorded file names its own in its first line. */
const MOONCAKE_BLOCK_TOKENS = 512;

interface Line {
  readonly timestamp?: unknown;
  readonly input_length?: unknown;
  readonly output_length?: unknown;
  readonly hash_ids?: unknown;
  readonly block_tokens?: unknown;
}

/** A sentence with the line's number when the text is not a trace. */
export function readTrace(text: string): Trace | string {
  const lines = text.split(/\r?\n/);
  return lines[0]?.startsWith('{') ? readJsonLines(lines) : readCsv(lines);
}

/** The requests of `durationMs` from `fromMs` on, told from there. */
export function slice(trace: Trace, fromMs: number, durationMs: number): Trace {
  const requests = trace.requests
    .filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + durationMs)
    .map((request) => ({ ...request, atMs: request.atMs - fromMs }));
  return { ...trace, requests };
}

function readJsonLines(lines: readonly string[]): Trace | string {
  const requests: TraceRequest[] = [];
  let blockTokens = MOONCAKE_BLOCK_TOKENS;
  for (const [index, text] of lines.entries()) {
    if (text === '') continue;
    const line = parse(text);
    if (line === undefined) return `line ${index + 1} is not a JSON object`;
    if (typeof line.block_tokens === 'number' && line.block_tokens > 0) {
      blockTokens = line.block_tokens;
      continue;
    }
    const request = requestOf(line, blockTokens);
    if (typeof request === 'string') return `line ${index + 1}: ${request}`;
    requests.push(request);
  }
  return finished(requests, blockTokens);
}

function parse(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function requestOf(line: Line, blockTokens: number): TraceRequest | string {
  const { timestamp, input_length: prompt, output_length: output, hash_ids: ids = [] } = line;
  if (!isCount(timestamp)) return 'timestamp is not a number of milliseconds';
  if (!isCount(prompt)) return 'input_length is not a number of tokens';
  if (!isCount(output)) return 'output_length is not a number of tokens';
  if (!Array.isArray(ids) || !ids.every((id) => Number.isInteger(id))) {
    return 'hash_ids is not a list of integers';
  }
  return makeRequest([timestamp, prompt, output], ids as number[], blockTokens);
}

/** TIMESTAMP,ContextTokens,GeneratedTokens */
function readCsv(lines: readonly string[]): Trace | string {
  const requests: TraceRequest[] = [];
  let firstMs = Number.NaN;
  for (const [index, text] of lines.entries()) {
    const [stamp = '', prompt, output] = text.split(',');
    if (text === '' || (index === 0 && !/\d/.test(stamp))) continue;
    const atMs = Date.parse(`${stamp.trim().replace(' ', 'T')}Z`);
    const row = [Number(prompt), Number(output)] as const;
    if (Number.isNaN(atMs) || !row.every(isCount)) {
      return `line ${index + 1}: expected a time and two numbers of tokens`;
    }
    if (Number.isNaN(firstMs)) firstMs = atMs;
    requests.push(makeRequest([atMs - firstMs, ...row], [], MOONCAKE_BLOCK_TOKENS));
  }
  return finished(requests, MOONCAKE_BLOCK_TOKENS);
}

function finished(requests: TraceRequest[], blockTokens: number): Trace | string {
  if (requests.length === 0) return 'there is no request in it';
  requests.sort((a, b) => a.atMs - b.atMs);
  return { requests, blockTokens };
}

/** Only whole blocks count: engines share no others. */
function makeRequest(
  [atMs, promptTokens, outputTokens]: readonly [number, number, number],
  ids: readonly number[],
  blockTokens: number,
): TraceRequest {
  const blocks = ids.slice(0, Math.floor(promptTokens / blockTokens));
  const chain = new BlockChain();
  chain.tokens = promptTokens;
  for (const [index, id] of blocks.entries()) {
    chain.push(spread(id, 1), spread(id, 2), (index + 1) * blockTokens);
  }
  return { atMs, promptTokens, outputTokens: Math.max(1, outputTokens), blocks, chain };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** Integers that lie side by side become hashes that do not (the finaliser of MurmurHash3). */
function spread(id: number, seed: number): number {
  let x = Math.imul(id + 1, 0x9e3779b1) ^ Math.imul(Math.floor(id / 2 ** 32) + seed, 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
