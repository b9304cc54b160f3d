/**
 * Prompts from files: ShareGPT conversations, one's own JSON lines, and traces in Mooncake's
 * format. Every problem is an Error whose message says which line and what was expected.
 * Source: Mooncake trace format (kvcache-ai/Mooncake, FAST'25): timestamp, lengths, hash ids.
 */
import { readFileSync } from 'node:fs';
import { drawAt, noTurns, type Prepared, type PromptSource, single } from './source.ts';
import type { Makers, Script } from './synthetic.ts';

const SHUFFLE = 5;
/** Tokens of one block of a Mooncake trace. */
const BLOCK_TOKENS = 512;
/** So far apart in the long text that neighbouring blocks are not alike. */
const BLOCK_STRIDE = 7919;

type Json = { readonly [key: string]: unknown };

/** Questions and answers of one conversation, in turn. */
type Conversation = readonly string[];

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw new Error(`The data file ${path} cannot be read: ${code}.`);
  }
}

/** One object a line; empty lines do not count. */
function readLines(path: string): Json[] {
  const rows: Json[] = [];
  for (const [at, line] of readText(path).split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      rows.push(JSON.parse(line) as Json);
    } catch {
      throw new Error(`${path}:${at + 1}: the line is not JSON; one object a line is expected.`);
    }
  }
  if (rows.length === 0) throw new Error(`${path} has no lines.`);
  return rows;
}

function readShareGpt(path: string, seed: number): Conversation[] {
  let rows: unknown;
  try {
    rows = JSON.parse(readText(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Error(`${path} is not JSON: a list of ShareGPT conversations is expected.`);
  }
  if (!Array.isArray(rows)) throw new Error(`${path} is not a list of ShareGPT conversations.`);
  const conversations = rows.map(turnsOf).filter((turns) => turns.length >= 2);
  if (conversations.length === 0) {
    throw new Error(`${path} has no conversation that begins with a human and has an answer.`);
  }
  return conversations
    .map((turns, at) => ({ turns, order: drawAt(seed, at, SHUFFLE) }))
    .sort((a, b) => a.order - b.order)
    .map(({ turns }) => turns);
}

function turnsOf(row: unknown): Conversation {
  const { conversations } = (row ?? {}) as { conversations?: unknown };
  if (!Array.isArray(conversations)) return [];
  const turns = conversations as readonly { from?: string; value?: string }[];
  const first = turns.findIndex(({ from }) => from === 'human' || from === 'user');
  return first < 0 ? [] : turns.slice(first).map(({ value }) => value ?? '');
}

/** First questions, each answered as long as it was in the file unless a length is given. */
export function shareGpt({ data, body, images }: Makers): PromptSource {
  const conversations = readShareGpt(data.path, data.seed);
  return {
    at(index) {
      const [question, answer] = conversations[index % conversations.length]!;
      const words = Math.max(4, answer!.split(/\s+/).length);
      const message = images.message(question!, index);
      return single(body.message([message], data.outputLength > 0 ? data.outputLength : words));
    },
    after: noTurns,
  };
}

/** All questions of a conversation, each after the answer to the one before. */
export function shareGptScript({ data }: Makers): Script {
  const conversations = readShareGpt(data.path, data.seed);
  return (session, turn) => {
    if (turn === data.turns) return undefined;
    return conversations[session % conversations.length]![2 * turn];
  };
}

/**
 * A line is a whole request body (it has `messages`), or has a `prompt` and maybe `output_tokens`.
 * Bytes are made once for each line, so small files also make the fastest load.
 */
export function customLines({ data, body, images }: Makers): PromptSource {
  const made = readLines(data.path).map((row, at) => {
    if (Array.isArray(row.messages)) return body.custom(row);
    if (typeof row.prompt !== 'string') {
      throw new Error(`${data.path}: line ${at + 1} has neither "prompt" nor "messages".`);
    }
    const wanted = Number(row.output_tokens ?? row.output_length ?? data.outputLength);
    return body.message([images.message(row.prompt, at)], wanted);
  });
  return { at: (index) => single(made[index % made.length]!), after: noTurns };
}

interface TraceRow {
  readonly timestamp: number;
  readonly input_length: number;
  readonly output_length: number;
  readonly hash_ids: readonly number[];
}

/** Prompts of the trace's lengths in which the same hash id means the same 512 words. */
export function mooncake(makers: Makers): PromptSource {
  const { data } = makers;
  const rows = readLines(data.path).map((row, at) => {
    const { timestamp, input_length, output_length, hash_ids } = row;
    const numbers = [timestamp, input_length, output_length];
    if (numbers.some((value) => typeof value !== 'number') || !Array.isArray(hash_ids)) {
      const wanted = 'timestamp, input_length, output_length, hash_ids';
      throw new Error(`${data.path}: line ${at + 1} lacks one of ${wanted}.`);
    }
    return row as unknown as TraceRow;
  });
  rows.sort((a, b) => a.timestamp - b.timestamp);
  const firstMs = rows[0]!.timestamp;
  return {
    at(index): Prepared | undefined {
      const row = rows[index];
      if (row === undefined) return undefined;
      const dueMs = (row.timestamp - firstMs) / data.timeScale;
      const text = blockText(makers, row);
      const message = { role: 'user', content: text };
      return { ...single(makers.body.message([message], row.output_length)), dueMs };
    },
    after: noTurns,
  };
}

function blockText({ words }: Makers, { hash_ids, input_length }: TraceRow): string {
  const parts: string[] = [];
  for (const [at, id] of hash_ids.entries()) {
    const length = Math.min(BLOCK_TOKENS, input_length - at * BLOCK_TOKENS);
    // The id itself, so that blocks differ even where pieces of the long text repeat.
    if (length > 1) parts.push(`${id} ${words.text(id * BLOCK_STRIDE, length - 1)}`);
  }
  return parts.join(' ');
}
