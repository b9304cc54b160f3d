/** `POST /v1/chat/completions` as vLLM answers it. Source: OpenAI API reference, Chat. */
import type { Answer, Ask, Format } from './format.ts';
import { DONE, dataEvent, splitEvent, usageOf } from './format.ts';
import type { Json } from './json.ts';
import { isJson, positive } from './json.ts';
import { PromptBuilder } from './prompt.ts';

export const chat: Format = {
  read(body: Json, imageTokens: number): Ask | string {
    const messages = body.messages;
    if (!Array.isArray(messages) || messages.length === 0) return "'messages' must be a list";
    const prompt = new PromptBuilder();
    for (const message of messages) {
      if (!isJson(message)) return 'each message must be an object';
      prompt.message(message.role, message.content);
    }
    return {
      prompts: [prompt.build(imageTokens)],
      n: positive(body.n) || 1,
      maxTokens: positive(body.max_completion_tokens) || positive(body.max_tokens),
    };
  },

  opening(answer: Answer): string[] {
    const events: string[] = [];
    for (let choice = 0; choice < answer.parts.voices.length; choice++) {
      const delta = { role: 'assistant', content: '' };
      events.push(dataEvent(chunk(answer, [chunkChoice(choice, delta, null)])));
      const [prefix, suffix] = splitEvent((content) =>
        dataEvent(chunk(answer, [chunkChoice(choice, { content }, null)])),
      );
      answer.prefixes.push(prefix);
      answer.suffix = suffix;
    }
    return events;
  },

  delta(answer: Answer, choice: number, json: string): string {
    return answer.prefixes[choice]! + json + answer.suffix;
  },

  closing(answer: Answer): string[] {
    const reason = answer.parts.cut ? 'length' : 'stop';
    const events = answer.parts.voices.map((_, choice) =>
      dataEvent(chunk(answer, [chunkChoice(choice, {}, reason)])),
    );
    if (answer.parts.includeUsage) {
      events.push(dataEvent({ ...chunk(answer, []), usage: usageOf(answer.parts) }));
    }
    if (!answer.parts.omitDone) events.push(DONE);
    return events;
  },

  whole(answer: Answer): string {
    const { id, createdSeconds, model, voices, cut } = answer.parts;
    const choices = voices.map((_, index) => ({
      index,
      message: { role: 'assistant', content: answer.text(index), tool_calls: [] },
      logprobs: null,
      finish_reason: cut ? 'length' : 'stop',
    }));
    return JSON.stringify({
      id: `chatcmpl-${id}`,
      object: 'chat.completion',
      created: createdSeconds,
      model,
      choices,
      usage: usageOf(answer.parts),
    });
  },
};

function chunk(answer: Answer, choices: readonly Json[]): Json {
  const { id, createdSeconds, model } = answer.parts;
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion.chunk',
    created: createdSeconds,
    model,
    choices,
  };
}

function chunkChoice(index: number, delta: Json, reason: string | null): Json {
  return { index, delta, logprobs: null, finish_reason: reason };
}
