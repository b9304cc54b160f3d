/** `POST /v1/messages`, text and images. Source: Anthropic API reference, Messages, Streaming. */
import type { Answer, Ask, Format } from './format.ts';
import { namedEvent, splitEvent } from './format.ts';
import type { Json } from './json.ts';
import { isJson, positive } from './json.ts';
import { PromptBuilder } from './prompt.ts';

export const messages: Format = {
  read(body: Json, imageTokens: number): Ask | string {
    const list = body.messages;
    if (!Array.isArray(list) || list.length === 0) return 'messages: at least one is required';
    const maxTokens = positive(body.max_tokens);
    if (maxTokens === 0) return 'max_tokens: field required';
    const prompt = new PromptBuilder();
    if (body.system !== undefined) prompt.message('system', body.system);
    for (const item of list) if (isJson(item)) prompt.message(item.role, item.content);
    return { prompts: [prompt.build(imageTokens)], n: 1, maxTokens };
  },

  opening(answer: Answer): string[] {
    const [prefix, suffix] = splitEvent((text) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    );
    answer.prefixes.push(prefix);
    answer.suffix = suffix;
    return [
      event('message_start', { message: message(answer, [], null, 0) }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      event('ping', {}),
    ];
  },

  delta(answer: Answer, choice: number, json: string): string {
    return answer.prefixes[choice]! + json + answer.suffix;
  },

  closing(answer: Answer): string[] {
    return [
      event('content_block_stop', { index: 0 }),
      event('message_delta', {
        delta: { stop_reason: stopReason(answer), stop_sequence: null },
        usage: { output_tokens: answer.parts.tokens },
      }),
      event('message_stop', {}),
    ];
  },

  whole(answer: Answer): string {
    const content = [{ type: 'text', text: answer.text(0) }];
    return JSON.stringify(message(answer, content, stopReason(answer), answer.parts.tokens));
  },
};

function message(
  answer: Answer,
  content: readonly Json[],
  stop: string | null,
  outputTokens: number,
): Json {
  const { id, model, promptTokens, cachedTokens } = answer.parts;
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: stop,
    stop_sequence: null,
    usage: {
      input_tokens: promptTokens - cachedTokens,
      cache_read_input_tokens: cachedTokens,
      output_tokens: outputTokens,
    },
  };
}

function stopReason(answer: Answer): string {
  return answer.parts.cut ? 'max_tokens' : 'end_turn';
}

function event(type: string, value: Json): string {
  return namedEvent(type, { type, ...value });
}
