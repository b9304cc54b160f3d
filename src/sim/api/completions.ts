/** `POST /v1/completions`, several prompts included. Source: OpenAI API reference, Completions. */
import type { Answer, Ask, Format } from './format.ts';
import { DONE, dataEvent, splitEvent, usageOf } from './format.ts';
import type { Json } from './json.ts';
import { positive } from './json.ts';
import { textPrompt } from './prompt.ts';

export const completions: Format = {
  read(body: Json): Ask | string {
    const texts = promptTexts(body.prompt);
    if (texts.length === 0) return "'prompt' must be a string, a list of strings or token ids";
    return {
      prompts: texts.map(textPrompt),
      n: positive(body.n) || 1,
      maxTokens: positive(body.max_tokens),
    };
  },

  opening(answer: Answer): string[] {
    for (let choice = 0; choice < answer.parts.voices.length; choice++) {
      const [prefix, suffix] = splitEvent((text) =>
        dataEvent(completion(answer, [completionChoice(choice, text, null)])),
      );
      answer.prefixes.push(prefix);
      answer.suffix = suffix;
    }
    return [];
  },

  delta(answer: Answer, choice: number, json: string): string {
    return answer.prefixes[choice]! + json + answer.suffix;
  },

  closing(answer: Answer): string[] {
    const reason = answer.parts.cut ? 'length' : 'stop';
    const events = answer.parts.voices.map((_, choice) =>
      dataEvent(completion(answer, [completionChoice(choice, '', reason)])),
    );
    if (answer.parts.includeUsage) {
      events.push(dataEvent({ ...completion(answer, []), usage: usageOf(answer.parts) }));
    }
    if (!answer.parts.omitDone) events.push(DONE);
    return events;
  },

  whole(answer: Answer): string {
    const reason = answer.parts.cut ? 'length' : 'stop';
    const choices = answer.parts.voices.map((_, index) =>
      completionChoice(index, answer.text(index), reason),
    );
    return JSON.stringify({ ...completion(answer, choices), usage: usageOf(answer.parts) });
  },
};

/** The prompt as texts; token ids stand for themselves. */
function promptTexts(prompt: unknown): string[] {
  if (typeof prompt === 'string') return [prompt];
  if (!Array.isArray(prompt) || prompt.length === 0) return [];
  if (prompt.every((item) => typeof item === 'string')) return prompt;
  if (prompt.every((item) => typeof item === 'number')) return [prompt.join(' ')];
  return prompt.every(Array.isArray) ? prompt.map((ids) => ids.join(' ')) : [];
}

function completion(answer: Answer, choices: readonly Json[]): Json {
  const { id, createdSeconds, model } = answer.parts;
  return { id: `cmpl-${id}`, object: 'text_completion', created: createdSeconds, model, choices };
}

function completionChoice(index: number, text: string, reason: string | null): Json {
  return { index, text, logprobs: null, finish_reason: reason, stop_reason: null };
}
