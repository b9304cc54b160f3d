/** Only a provider's name is stripped from `model`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripProvider } from './provider-prefix.ts';

const CASES: readonly (readonly [model: string, upstream: string])[] = [
  ['openai/gpt-4o', 'gpt-4o'],
  ['openai/facebook/opt-125m', 'facebook/opt-125m'],
  ['hosted_vllm/Qwen/Qwen3-8B', 'Qwen/Qwen3-8B'],
  ['sglang/x', 'x'],
  ['Qwen/Qwen3-8B', 'Qwen/Qwen3-8B'],
  ['deepseek-ai/DeepSeek-V3', 'deepseek-ai/DeepSeek-V3'],
  ['OpenAI/x', 'OpenAI/x'],
  ['openai/', 'openai/'],
  ['/openai/x', '/openai/x'],
  ['/data/models/x', '/data/models/x'],
  ['plain', 'plain'],
];

for (const [model, upstream] of CASES) {
  test(`${model} is ${upstream} upstream`, () => assert.equal(stripProvider(model), upstream));
}
