/** Request bodies as OpenAI's API wants them, whole HTTP messages, and nothing else. */
import type { Target } from '../plan.ts';
import type { DataSpec } from './spec.ts';

export interface Message {
  readonly role: string;
  readonly content: string | readonly object[];
}

/** Everything of a body but its prompt. */
export class BodyMaker {
  readonly #data: DataSpec;
  readonly #extra: object;
  readonly #head: string;

  constructor(data: DataSpec, target: Target) {
    this.#data = data;
    this.#extra = data.extraBody === '' ? {} : (JSON.parse(data.extraBody) as object);
    this.#head = `POST ${target.path} HTTP/1.1\r\n${target.headers}`;
  }

  /** A prompt of one message, or of what stands before it too. */
  message(messages: readonly Message[], outputTokens: number): Buffer {
    const { chat, model } = this.#data;
    const prompt = chat ? { messages } : { prompt: messages.map(textOf).join('\n') };
    return this.#whole({ model, ...prompt, ...this.#limits(outputTokens), ...this.#extra });
  }

  /** A body that the user wrote; ours fills in what it does not say. */
  custom(body: object): Buffer {
    const { model } = this.#data;
    return this.#whole({ model, ...this.#stream(), ...body, ...this.#extra });
  }

  #limits(outputTokens: number): object {
    const limit = outputTokens > 0 ? { max_tokens: outputTokens } : {};
    const exact = this.#data.ignoreEos && outputTokens > 0 ? { ignore_eos: true } : {};
    return { ...limit, ...exact, ...this.#stream() };
  }

  #stream(): object {
    if (!this.#data.stream) return {};
    return { stream: true, stream_options: { include_usage: true } };
  }

  #whole(body: object): Buffer {
    const text = JSON.stringify(body);
    const length = Buffer.byteLength(text);
    const head = `${this.#head}content-length: ${length}\r\n\r\n`;
    const whole = Buffer.allocUnsafe(head.length + length);
    whole.write(head, 0, 'latin1');
    whole.write(text, head.length, 'utf8');
    return whole;
  }
}

function textOf({ content }: Message): string {
  return typeof content === 'string' ? content : '';
}
