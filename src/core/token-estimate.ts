/**
 * What a request will cost in tokens, guessed from the size of its body and from what earlier
 * requests for the same model turned out to cost. Only models with a token limit are learned.
 */
/** Of text; images as base64 cost far fewer, which is learned. */
const TOKENS_PER_BYTE = 0.25;
const ANSWER_TOKENS = 256;
/** Weight of the latest request in the means. */
const LATEST_SHARE = 0.05;

interface Learned {
  tokensPerByte: number;
  answerTokens: number;
}

export class TokenEstimate {
  readonly #models = new Map<string, Learned>();

  /** Prompt and answer; at least 1. */
  of(model: string, bodyBytes: number): number {
    const { tokensPerByte, answerTokens } = this.#of(model);
    return Math.max(1, Math.ceil(bodyBytes * tokensPerByte + answerTokens));
  }

  learn(model: string, bodyBytes: number, promptTokens: number, answerTokens: number): void {
    const learned = this.#of(model);
    this.#models.set(model, learned);
    const perByte = promptTokens / Math.max(1, bodyBytes);
    learned.tokensPerByte += LATEST_SHARE * (perByte - learned.tokensPerByte);
    learned.answerTokens += LATEST_SHARE * (answerTokens - learned.answerTokens);
  }

  #of(model: string): Learned {
    const known = this.#models.get(model);
    return known ?? { tokensPerByte: TOKENS_PER_BYTE, answerTokens: ANSWER_TOKENS };
  }
}
