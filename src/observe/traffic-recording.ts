/**
 * The shape of real traffic in a file: when requests came, how long prompts and answers were, which
 * blocks of prompts are alike. No text and no names: a block is 48 bits of an HMAC under a key that
 * is drawn for this file and forgotten with the process. `llm-router simulate` reads the format,
 * which is Mooncake's with a first line that names the tokens of a block.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { RequestRecord, RequestShape } from '../core/request-record.ts';

const BLOCK_TOKENS = 128;
/** Of an HMAC; numbers up to 2^53 are exact in JSON. */
const ID_BYTES = 6;

export class TrafficRecording {
  readonly #write: (line: string) => void;
  readonly #key = randomBytes(32);
  #firstMs = -1;

  constructor(write: (line: string) => void) {
    this.#write = write;
    write(`${JSON.stringify({ block_tokens: BLOCK_TOKENS })}\n`);
  }

  /** Takes what workers say of requests that are over; those without a prompt are left out. */
  take(records: readonly RequestRecord[]): void {
    for (const { shape } of records) {
      if (shape === undefined) continue;
      if (this.#firstMs < 0) this.#firstMs = shape.startedMs;
      const line = {
        // Requests end in another order than they came: the first to end need not be the first.
        timestamp: Math.max(0, Math.round(shape.startedMs - this.#firstMs)),
        input_length: shape.promptTokens,
        output_length: shape.outputTokens,
        hash_ids: this.#idsOf(shape),
      };
      this.#write(`${JSON.stringify(line)}\n`);
    }
  }

  /** One id for each BLOCK_TOKENS; a block of the router may hold more, or hardly any. */
  #idsOf({ low, high, tokensUpTo }: RequestShape): number[] {
    const ids: number[] = [];
    for (let block = 0; block < low.length; block++) {
      const upTo = Math.round(tokensUpTo[block]! / BLOCK_TOKENS);
      for (let part = 0; ids.length < upTo; part++) {
        const text = `${low[block]}:${high[block]}:${part}`;
        ids.push(createHmac('sha256', this.#key).update(text).digest().readUIntBE(0, ID_BYTES));
      }
    }
    return ids;
  }
}
