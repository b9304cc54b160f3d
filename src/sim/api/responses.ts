/**
 * `POST /v1/responses`, text only. Every event carries its number in `sequence_number`.
 * Source: OpenAI API reference, Responses and its streaming events.
 */
import type { Answer, Ask, Format } from './format.ts';
import { namedEvent, splitEvent } from './format.ts';
import type { Json } from './json.ts';
import { isJson, positive } from './json.ts';
import { PromptBuilder } from './prompt.ts';

export const responses: Format = {
  read(body: Json, imageTokens: number): Ask | string {
    const input = body.input;
    const prompt = new PromptBuilder();
    if (typeof body.instructions === 'string') prompt.message('system', body.instructions);
    if (typeof input === 'string') prompt.message('user', input);
    else if (Array.isArray(input)) {
      for (const item of input) if (isJson(item)) prompt.message(item.role, item.content);
    } else return "'input' must be a string or a list";
    return {
      prompts: [prompt.build(imageTokens)],
      n: 1,
      maxTokens: positive(body.max_output_tokens),
    };
  },

  opening(answer: Answer): string[] {
    const started = { response: response(answer, 'in_progress', []) };
    const part = { type: 'output_text', text: '', annotations: [] };
    const events = [
      numbered(answer, 'response.created', started),
      numbered(answer, 'response.in_progress', started),
      numbered(answer, 'response.output_item.added', {
        output_index: 0,
        item: message(answer, 'in_progress', []),
      }),
      numbered(answer, 'response.content_part.added', { ...place(answer), part }),
    ];
    const [prefix, suffix] = splitEvent((delta) =>
      namedEvent('response.output_text.delta', {
        type: 'response.output_text.delta',
        ...place(answer),
        logprobs: [],
        delta,
      }),
    );
    answer.prefixes.push(prefix);
    // The number goes behind the token, in front of the closing brace.
    answer.suffix = suffix;
    return events;
  },

  delta(answer: Answer, choice: number, json: string): string {
    const number = answer.sequence++;
    return `${answer.prefixes[choice]}${json},"sequence_number":${number}${answer.suffix}`;
  },

  closing(answer: Answer): string[] {
    const text = answer.text(0);
    const part = { type: 'output_text', text, annotations: [], logprobs: [] };
    const item = message(answer, 'completed', [part]);
    const name = answer.parts.cut ? 'response.incomplete' : 'response.completed';
    return [
      numbered(answer, 'response.output_text.done', { ...place(answer), logprobs: [], text }),
      numbered(answer, 'response.content_part.done', { ...place(answer), part }),
      numbered(answer, 'response.output_item.done', { output_index: 0, item }),
      numbered(answer, name, { response: finished(answer) }),
    ];
  },

  whole(answer: Answer): string {
    return JSON.stringify(finished(answer));
  },
};

function finished(answer: Answer): Json {
  const part = { type: 'output_text', text: answer.text(0), annotations: [], logprobs: [] };
  const item = message(answer, 'completed', [part]);
  return response(answer, answer.parts.cut ? 'incomplete' : 'completed', [item]);
}

function response(answer: Answer, status: string, output: readonly Json[]): Json {
  const { id, createdSeconds, model, promptTokens, cachedTokens, tokens, cut } = answer.parts;
  const usage = {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + tokens,
  };
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: createdSeconds,
    status,
    error: null,
    incomplete_details: cut && status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    model,
    output,
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
    usage: status === 'in_progress' ? null : usage,
  };
}

function message(answer: Answer, status: string, content: readonly Json[]): Json {
  return { id: `msg_${answer.parts.id}`, type: 'message', role: 'assistant', status, content };
}

function place(answer: Answer): Json {
  return { item_id: `msg_${answer.parts.id}`, output_index: 0, content_index: 0 };
}

function numbered(answer: Answer, type: string, value: Json): string {
  return namedEvent(type, { type, ...value, sequence_number: answer.sequence++ });
}
