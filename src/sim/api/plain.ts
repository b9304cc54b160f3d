/**
 * The APIs that answer at once with one JSON value and take no batch slot worth modelling:
 * embeddings, rerank, score, moderations, tokenize, detokenize. Each maps a body to an answer or
 * to a string that says what is wrong. Numbers are made from the text, so they repeat.
 */
import { CHARS_PER_TOKEN } from '../prefix-cache.ts';
import { hashText } from '../text.ts';
import type { Json } from './json.ts';
import { isJson, positive } from './json.ts';

export interface PlainCall {
  readonly body: Json;
  readonly model: string;
  readonly id: string;
  readonly createdSeconds: number;
  readonly maxModelLen: number;
}

const DIMENSIONS = 16;

export function embeddings(call: PlainCall): Json | string {
  const texts = textsOf(call.body.input);
  if (texts.length === 0) return "'input' must be a string or a list";
  const dimensions = positive(call.body.dimensions) || DIMENSIONS;
  const base64 = call.body.encoding_format === 'base64';
  const data = texts.map((text, index) => {
    const vector = vectorOf(text, dimensions);
    return { index, object: 'embedding', embedding: base64 ? toBase64(vector) : [...vector] };
  });
  const { id, model, createdSeconds } = call;
  const usage = usageOf(texts);
  return { id: `embd-${id}`, object: 'list', created: createdSeconds, model, data, usage };
}

export function rerank(call: PlainCall): Json | string {
  const query = call.body.query;
  const documents = call.body.documents;
  if (typeof query !== 'string' || !Array.isArray(documents)) {
    return "'query' and 'documents' are required";
  }
  const results = documents.map((document: unknown, index) => {
    const text = textOf(document);
    return { index, document: { text }, relevance_score: similarity(query, text) };
  });
  results.sort((a, b) => b.relevance_score - a.relevance_score);
  const top = positive(call.body.top_n) || results.length;
  const { id, model } = call;
  return { id: `rerank-${id}`, model, usage: usageOf([query]), results: results.slice(0, top) };
}

export function score(call: PlainCall): Json | string {
  const left = textsOf(call.body.text_1 ?? call.body.queries);
  const right = textsOf(call.body.text_2 ?? call.body.documents);
  if (left.length === 0 || right.length === 0) return "'text_1' and 'text_2' are required";
  const data = right.map((text, index) => {
    return { index, object: 'score', score: similarity(left[index] ?? left[0]!, text) };
  });
  const { id, model, createdSeconds } = call;
  const usage = usageOf([...left, ...right]);
  return { id: `score-${id}`, object: 'list', created: createdSeconds, model, data, usage };
}

export function moderations(call: PlainCall): Json | string {
  const texts = textsOf(call.body.input);
  if (texts.length === 0) return "'input' must be a string or a list";
  const results = texts.map((text) => ({
    flagged: false,
    categories: { violence: false },
    category_scores: { violence: (hashText(text) % 1000) / 1_000_000 },
  }));
  return { id: `modr-${call.id}`, model: call.model, results };
}

/** A token is one code point, so that detokenize can undo it. */
export function tokenize(call: PlainCall): Json | string {
  const { prompt, messages } = call.body;
  const text = typeof prompt === 'string' ? prompt : JSON.stringify(messages ?? null);
  if (prompt === undefined && messages === undefined) return "'prompt' or 'messages' is required";
  const tokens = [...text].map((char) => char.codePointAt(0)!);
  return { count: tokens.length, max_model_len: call.maxModelLen, tokens, token_strs: null };
}

export function detokenize(call: PlainCall): Json | string {
  const tokens = call.body.tokens;
  if (!Array.isArray(tokens)) return "'tokens' must be a list";
  const valid = tokens.every((id) => Number.isInteger(id) && id >= 0 && id <= 0x10ffff);
  if (!valid) return 'token out of vocabulary';
  return { prompt: tokens.map((id) => String.fromCodePoint(id)).join('') };
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) return [];
  return value.every((item) => typeof item === 'number') ? [value.join(' ')] : value.map(textOf);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return isJson(value) && typeof value.text === 'string' ? value.text : JSON.stringify(value);
}

function vectorOf(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (let at = 0; at < dimensions; at++) {
    vector[at] = hashText(text, 0, text.length, at + 1) / 2 ** 31 - 1;
  }
  return vector;
}

function toBase64(vector: Float32Array): string {
  return Buffer.from(vector.buffer).toString('base64');
}

/** Share of the words of `query` that `text` has, with a trace of its hash to break ties. */
function similarity(query: string, text: string): number {
  const words = query.toLowerCase().split(/\s+/);
  const known = new Set(text.toLowerCase().split(/\s+/));
  const hits = words.filter((word) => known.has(word)).length;
  return hits / words.length + (hashText(text) % 1000) / 1_000_000;
}

function usageOf(texts: readonly string[]): Json {
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  const tokens = Math.ceil(chars / CHARS_PER_TOKEN);
  return { prompt_tokens: tokens, total_tokens: tokens };
}
