/**
 * The routes that carry a model: reads the body, checks it as vLLM does, and hands it to the batch
 * or answers it at once. JSON is parsed once, whatever its size.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { chat } from './api/chat.ts';
import { completions } from './api/completions.ts';
import type { Ask, Format } from './api/format.ts';
import { Answer } from './api/format.ts';
import type { Json } from './api/json.ts';
import { isJson, positive } from './api/json.ts';
import { messages } from './api/messages.ts';
import type { PlainCall } from './api/plain.ts';
import { detokenize, embeddings, moderations, rerank, score, tokenize } from './api/plain.ts';
import type { Prompt } from './api/prompt.ts';
import { responses } from './api/responses.ts';
import type { Failure } from './faults.ts';
import { drawDeath } from './faults.ts';
import type { SimOptions } from './flags.ts';
import { Generation } from './generation.ts';
import type { Ledger, Visit } from './ledger.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { Pump } from './pump.ts';
import { sendError, sendJson } from './reply.ts';
import { type Batch, normal } from './scheduler.ts';
import type { Voice } from './text.ts';
import { EchoVoice, hashText, LoremVoice } from './text.ts';

const FORMATS = new Map<string, Format>([
  ['/chat/completions', chat],
  ['/completions', completions],
  ['/responses', responses],
  ['/messages', messages],
]);
const PLAIN = new Map<string, (call: PlainCall) => Json | string>([
  ['/embeddings', embeddings],
  ['/rerank', rerank],
  ['/score', score],
  ['/moderations', moderations],
  ['/tokenize', tokenize],
  ['/detokenize', detokenize],
]);

const STABLE_SECONDS = 1_700_000_000;

/** A body that was read and found to name a model of ours. */
interface Call {
  readonly body: Json;
  readonly model: string;
  readonly text: string;
}

/** The parts of the engine that model calls use. */
export interface Machine {
  readonly options: SimOptions;
  readonly models: readonly string[];
  readonly scheduler: Batch;
  readonly pump: Pump;
  readonly cache: PrefixCache;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly clock: Clock;
}

/** One request to a model route. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly visit: Visit;
  /** The path below `/v1`. */
  readonly route: string;
}

export function isModelRoute(route: string): boolean {
  return FORMATS.has(route) || PLAIN.has(route);
}

/** Reads the body to its end, then answers; with a failure drawn, the failure. */
export function serveModel(machine: Machine, exchange: Exchange, failure: Failure): void {
  const chunks: Buffer[] = [];
  exchange.request.on('data', (chunk: Buffer) => chunks.push(chunk));
  exchange.request.once('end', () => {
    if (failure.kind === 'status') {
      fail(machine, exchange, [failure.status, failure.type, failure.message]);
      return;
    }
    dispatch(machine, exchange, Buffer.concat(chunks).toString('utf8'));
  });
}

function dispatch(machine: Machine, exchange: Exchange, text: string): void {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    fail(machine, exchange, [400, 'BadRequestError', 'The body is not valid JSON.']);
    return;
  }
  if (!isJson(body)) {
    fail(machine, exchange, [400, 'BadRequestError', 'The body is not a JSON object.']);
    return;
  }
  const model = typeof body.model === 'string' ? body.model : machine.models[0]!;
  if (!machine.models.includes(model)) {
    const message = `The model \`${model}\` does not exist.`;
    fail(machine, exchange, [404, 'NotFoundError', message]);
    return;
  }
  const format = FORMATS.get(exchange.route);
  if (format !== undefined) {
    generate(machine, exchange, { body, model, format, text });
    return;
  }
  const value = PLAIN.get(exchange.route)!({
    body,
    model,
    ...identity(machine, text),
    maxModelLen: machine.options.maxModelLen,
  });
  if (typeof value === 'string') fail(machine, exchange, [400, 'BadRequestError', value]);
  else sendJson(exchange.response, 200, value);
}

function generate(
  machine: Machine,
  exchange: Exchange,
  call: Call & { readonly format: Format },
): void {
  const { options, scheduler, ledger } = machine;
  const ask = call.format.read(call.body, options.imageTokens);
  if (typeof ask === 'string') {
    fail(machine, exchange, [400, 'BadRequestError', ask]);
    return;
  }
  const answer = answerTo(machine, ask, call);
  const total = answer.parts.promptTokens + answer.parts.tokens;
  if (total > options.maxModelLen) {
    const limit = `This model's maximum context length is ${options.maxModelLen} tokens`;
    fail(machine, exchange, [400, 'BadRequestError', `${limit}, ${total} were asked for.`]);
    return;
  }
  for (const prompt of ask.prompts) ledger.images += prompt.images;
  const { response, visit } = exchange;
  const stream = call.body.stream === true;
  const death = drawDeath(options, machine.random);
  const { bodyFraming, streamInterval } = options;
  const how = { stream, streamInterval, death, bodyFraming };
  const parts = { response, visit, format: call.format, answer, ...how };
  const generation = new Generation(parts, scheduler, ledger);
  if (!scheduler.submit(generation.sequence, machine.clock.nowMs())) {
    fail(machine, exchange, [503, 'service_unavailable', 'The request queue is full.']);
    return;
  }
  generation.begin();
  machine.pump.wake();
}

function answerTo(machine: Machine, ask: Ask, call: Call): Answer {
  const { options } = machine;
  const voices: Voice[] = [];
  let promptTokens = 0;
  let cachedTokens = 0;
  for (const prompt of ask.prompts) {
    promptTokens += prompt.tokens;
    if (options.enableKvcache) {
      cachedTokens += Math.floor(machine.cache.touch(prompt.text) * prompt.tokens);
    }
    for (let n = 0; n < ask.n; n++) voices.push(voiceFor(machine, prompt, n));
  }
  const natural = Math.max(...voices.map((voice) => voice.length));
  const forced = call.body.ignore_eos === true && ask.maxTokens > 0;
  const cut = ask.maxTokens > 0 && (forced || ask.maxTokens < natural);
  const streamOptions = call.body.stream_options;
  return new Answer({
    ...identity(machine, call.text),
    model: call.model,
    voices,
    promptTokens,
    cachedTokens,
    tokens: cut ? ask.maxTokens : Math.max(natural, positive(call.body.min_tokens)),
    cut,
    includeUsage: isJson(streamOptions) && streamOptions.include_usage === true,
    omitDone: options.omitDone,
  });
}

function voiceFor(machine: Machine, prompt: Prompt, n: number): Voice {
  const { options, random } = machine;
  if (options.mode === 'echo') return new EchoVoice(prompt.echo);
  const jitter = options.outputTokensStdDev === 0 ? 0 : normal(random) * options.outputTokensStdDev;
  const length = Math.max(1, Math.round(options.outputTokens + jitter));
  return new LoremVoice(hashText(prompt.text) + options.seed + n * 7919, length);
}

function fail(
  machine: Machine,
  exchange: Exchange,
  [status, type, message]: readonly [status: number, type: string, message: string],
): void {
  const { response, visit } = exchange;
  const seconds = machine.options.retryAfterSeconds;
  const busy = status === 429 || status >= 500;
  if (busy && seconds >= 0 && !response.headersSent) {
    response.setHeader('retry-after', String(seconds));
  }
  visit.settle('failed');
  sendError(response, status, [type, message]);
}

/** Id and time of an answer; with `stable-ids` the same body gives the same on every engine. */
function identity(
  machine: Machine,
  text: string,
): { readonly id: string; readonly createdSeconds: number } {
  if (machine.options.stableIds) {
    return { id: hex(hashText(text)) + hex(text.length), createdSeconds: STABLE_SECONDS };
  }
  const id = hex(machine.random.below(2 ** 31)) + hex(machine.random.below(2 ** 31));
  return { id, createdSeconds: Math.floor(Date.now() / 1000) };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
