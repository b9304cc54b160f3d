/**
 * The shape of a generating API: how its request body is read and how its answer is written, as
 * events or whole. A format is pure: strings in, strings out. `delta` runs once a token and choice,
 * so it only joins strings that `Answer` holds ready.
 */
import type { Voice } from '../text.ts';
import type { Json } from './json.ts';
import type { Prompt } from './prompt.ts';

/** What a request asks for, independent of its API. */
export interface Ask {
  /** One entry for each prompt in the body (completions may carry several). */
  readonly prompts: readonly Prompt[];
  /** Answers to each prompt. */
  readonly n: number;
  /** 0 = as long as the engine likes. */
  readonly maxTokens: number;
}

export interface Format {
  /** Reads a body; a string says what is wrong with it. */
  read(body: Json, imageTokens: number): Ask | string;
  /** Complete events before the first token. */
  opening(answer: Answer): string[];
  /** The event of one token of one choice; `json` is the token as a JSON string. */
  delta(answer: Answer, choice: number, json: string): string;
  /** Complete events after the last token. */
  closing(answer: Answer): string[];
  /** The body of an answer that is not streamed. */
  whole(answer: Answer): string;
}

export interface AnswerParts {
  readonly id: string;
  readonly model: string;
  readonly createdSeconds: number;
  readonly voices: readonly Voice[];
  readonly promptTokens: number;
  readonly cachedTokens: number;
  /** Tokens of each choice. */
  readonly tokens: number;
  readonly cut: boolean;
  readonly includeUsage: boolean;
  readonly omitDone: boolean;
}

/** One answer on its way, with the strings that repeat in each of its events. */
export class Answer {
  readonly parts: AnswerParts;
  /** Set by `opening`: what stands before the token, for each choice, and after it. */
  prefixes: string[] = [];
  suffix = '';
  /** Number of the next event, in the APIs that count them. */
  sequence = 0;

  constructor(parts: AnswerParts) {
    this.parts = parts;
  }

  text(choice: number): string {
    return this.parts.voices[choice]!.text(this.parts.tokens);
  }
}

/** Usage as chat/completions and completions report it. */
export function usageOf(parts: AnswerParts): Json {
  const completion = parts.tokens * parts.voices.length;
  return {
    prompt_tokens: parts.promptTokens,
    total_tokens: parts.promptTokens + completion,
    completion_tokens: completion,
    prompt_tokens_details: parts.cachedTokens > 0 ? { cached_tokens: parts.cachedTokens } : null,
  };
}

export function dataEvent(value: Json): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

export function namedEvent(name: string, value: Json): string {
  return `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`;
}

export const DONE = 'data: [DONE]\n\n';
const MARK = '\u0001';
const MARK_JSON = JSON.stringify(MARK);

/** Splits a sample event at the place of its token (where `at(mark)` put the mark). */
export function splitEvent(event: (mark: string) => string): readonly [string, string] {
  const sample = event(MARK);
  const at = sample.lastIndexOf(MARK_JSON);
  return [sample.slice(0, at), sample.slice(at + MARK_JSON.length)];
}
