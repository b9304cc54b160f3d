// HOT PATH — bench: bench/main.ts, bench/prompt.ts
/**
 * All that one worker needs to place requests by prompt or session: reading prompts, finding what
 * names a session, telling the core what was sent and answered, asking the shadow strategy.
 */
import { identityOf, SessionAffinity } from '../core/affinity.ts';
import type { Ask } from '../core/ask.ts';
import { ADMITTING, availabilityOf } from '../core/availability.ts';
import { BlockChain } from '../core/block-chain.ts';
import type { Clock } from '../core/clock.ts';
import type { Cluster } from '../core/cluster.ts';
import type { Columns } from '../core/columns.ts';
import { Dispatches } from '../core/dispatch.ts';
import type { Gate } from '../core/pickers/picker.ts';
import type { PrefillEntry } from '../core/prefill-ledger.ts';
import { PrefixIndex } from '../core/prefix-index.ts';
import { PrefixTable } from '../core/prefix-table.ts';
import type { Random } from '../core/random.ts';
import type { RequestShape } from '../core/request-record.ts';
import { Shadow } from '../core/shadow.ts';
import { makeStrategy, type Strategy } from '../core/strategy.ts';
import type { RequestHead } from '../http1/request-head.ts';
import { PromptBlocks, SESSION_KEYS } from '../openai/prompt-blocks.ts';
import type { ProxyOptions } from './options.ts';
import type { RequestBody } from './request-body.ts';
import { type NotesReader, RoutingNotes } from './routing-notes.ts';

export interface RoutingParts {
  readonly options: ProxyOptions;
  readonly columns: Columns;
  readonly workerIndex: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly prefixMemory: SharedArrayBuffer;
}

/** Of `session_keys`: the body's, and what stands for a session where nothing names one. */
const BODY_KEY = 'body.';
const PREFIX_KEY = 'prefix';
/** The session of a prompt is its first KiB: no turn of a conversation changes that. */
const SESSION_BLOCKS = 2;
/** Chains kept for the next prompts. */
const SPARE_CHAINS = 256;

class OpenGate implements Gate {
  readonly #columns: Columns;
  cluster!: Cluster;
  nowMs = 0;

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  admits(index: number): boolean {
    return availabilityOf(this.#columns, this.cluster.slots[index]!, this.nowMs) === ADMITTING;
  }
}

export class Routing implements NotesReader {
  shadow: Shadow | undefined;
  readonly #parts: RoutingParts;
  #options: ProxyOptions;
  readonly #index: PrefixIndex;
  readonly #dispatches: Dispatches;
  readonly #reader: PromptBlocks;
  /** Names of header fields, lower case, and places in SESSION_KEYS, in their order. */
  #headers: readonly Buffer[];
  #bodyKeys: readonly number[];
  #usesPrefix: boolean;
  readonly #gate: OpenGate;
  readonly #spare: BlockChain[] = [];
  #active = false;
  #reads = false;
  #learns = false;

  constructor(parts: RoutingParts) {
    const { columns, options, prefixMemory, workerIndex } = parts;
    const table = new PrefixTable(prefixMemory);
    this.#parts = parts;
    this.#options = options;
    this.#index = new PrefixIndex(table, columns, workerIndex, options.prefixCacheTokens);
    this.#dispatches = new Dispatches(columns, workerIndex, this.#index);
    this.#reader = new PromptBlocks(table.salt);
    this.#gate = new OpenGate(columns);
    this.#headers = [];
    this.#bodyKeys = [];
    this.#usesPrefix = false;
    this.shadow = undefined;
    this.configure(options);
  }

  /** Takes new options over; the strategy is to be followed anew. */
  configure(options: ProxyOptions): void {
    const headers: Buffer[] = [];
    const bodyKeys: number[] = [];
    for (const key of options.sessionKeys) {
      const body = SESSION_KEYS.findIndex((name) => BODY_KEY + name === key);
      if (body >= 0) bodyKeys.push(body);
      else if (key !== PREFIX_KEY) headers.push(Buffer.from(key.toLowerCase()));
    }
    this.#options = options;
    this.#headers = headers;
    this.#bodyKeys = bodyKeys;
    this.#usesPrefix = options.sessionKeys.includes(PREFIX_KEY);
    this.#index.setDefaultCache(options.prefixCacheTokens);
    if (options.shadow !== (this.shadow?.strategy.name ?? '')) {
      this.shadow = options.shadow === '' ? undefined : this.#newShadow(options.shadow);
    }
  }

  /** The strategy of that name, with sessions if they are on; from now on it is served. */
  follow(name: string): Strategy {
    const { columns } = this.#parts;
    const options = this.#options;
    const inner = this.#make(name);
    const sessions = options.sessionKeys.length > 0;
    const shadow = this.shadow?.strategy;
    const needsPrompt = inner.needsPrompt || shadow?.needsPrompt === true;
    this.#reads = needsPrompt || options.recordShapes || this.#bodyKeys.length > 0;
    this.#reads ||= this.#usesPrefix;
    this.#learns = inner.learns || shadow !== undefined;
    this.#active = this.#reads || this.#learns || sessions;
    return sessions ? new SessionAffinity(inner, columns.workers) : inner;
  }

  /** Notes for the request whose head is in `head`; undefined when nobody needs them. */
  open(chunk: Buffer, head: RequestHead, body: RequestBody): RoutingNotes | undefined {
    if (!this.#active) return undefined;
    return new RoutingNotes(this, body, this.#sessionOf(chunk, head));
  }

  /** Reads the prompt from the body, and its session where no header named one. */
  read(notes: RoutingNotes): void {
    if (!this.#reads) return;
    const chain = this.#spare.pop() ?? new BlockChain();
    this.#reader.read(notes.body.spans, chain);
    notes.prompt = chain;
    if (notes.session !== 0) return;
    for (let at = 0; at < this.#bodyKeys.length && notes.session === 0; at++) {
      notes.session = this.#reader.sessions[this.#bodyKeys[at]!]!;
    }
    if (notes.session === 0 && this.#usesPrefix && chain.count >= SESSION_BLOCKS) {
      notes.session = chain.low[SESSION_BLOCKS - 1]!;
    }
  }

  sent(slot: number, notes: RoutingNotes): PrefillEntry | undefined {
    if (!this.#learns) return undefined;
    const streamed = notes.body.model.streamRequested;
    return this.#dispatches.sent(slot, notes, { nowMs: this.#parts.clock.nowMs(), streamed });
  }

  answered(entry: PrefillEntry): void {
    this.#dispatches.answered(entry, this.#parts.clock.nowMs());
  }

  ended(entry: PrefillEntry): void {
    this.#dispatches.ended(entry);
  }

  /** Asks the shadow what it would have done. */
  decided(cluster: Cluster, ask: Ask): void {
    if (this.shadow === undefined) return;
    this.#gate.cluster = cluster;
    this.#gate.nowMs = ask.nowMs;
    this.shadow.consider(cluster, this.#gate, this.#parts.random, ask);
  }

  /** The request is over: its chain may serve another one. */
  giveBack(notes: RoutingNotes): void {
    const { prompt } = notes;
    notes.prompt = undefined;
    if (prompt !== undefined && this.#spare.length < SPARE_CHAINS) this.#spare.push(prompt);
  }

  shapeOf(
    { prompt }: RoutingNotes,
    startedMs: number,
    outputTokens: number,
  ): RequestShape | undefined {
    if (!this.#options.recordShapes || prompt === undefined) return undefined;
    return {
      startedMs,
      promptTokens: Math.round(prompt.tokens),
      outputTokens,
      low: prompt.low.slice(0, prompt.count),
      high: prompt.high.slice(0, prompt.count),
      tokensUpTo: prompt.tokensUpTo.slice(0, prompt.count),
    };
  }

  #make(name: string): Strategy {
    const { columns } = this.#parts;
    const staleAfterMs = this.#options.reportStaleMs;
    return makeStrategy(name, { columns, staleAfterMs, index: this.#index });
  }

  #newShadow(name: string): Shadow {
    return new Shadow(this.#make(name), this.#parts.columns, this.#index);
  }

  /** The first header that names a session; 0 = none does. */
  #sessionOf(chunk: Buffer, head: RequestHead): number {
    for (let at = 0; at < this.#headers.length; at++) {
      const name = this.#headers[at]!;
      for (let field = 0; field < head.fieldCount; field++) {
        if (!isNamed(chunk, head, field, name)) continue;
        const text = chunk.toString('latin1', head.valueStart[field], head.valueEnd[field]);
        if (text !== '') return identityOf(text);
      }
    }
    return 0;
  }
}

/** Names are tokens: folding their letters to lower case makes no two of ours alike. */
function isNamed(chunk: Buffer, head: RequestHead, field: number, name: Buffer): boolean {
  const start = head.nameStart[field]!;
  if (head.nameEnd[field]! - start !== name.length) return false;
  for (let at = 0; at < name.length; at++) {
    const byte = chunk[start + at]!;
    if (byte !== name[at] && (byte | 0x20) !== name[at]) return false;
  }
  return true;
}
