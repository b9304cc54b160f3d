import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenEstimate } from './token-estimate.ts';

test('takes four bytes for a token, and an answer of 256, until it knows better', () => {
  assert.equal(new TokenEstimate().of('m', 4000), 1256);
});

test('learns what prompts and answers of a model cost', () => {
  const estimate = new TokenEstimate();
  for (let i = 0; i < 200; i++) estimate.learn('vision', 100_000, 1000, 50);
  const guess = estimate.of('vision', 200_000);
  assert.ok(guess > 2000 && guess < 2200, `${guess}`);
  assert.equal(estimate.of('other', 4000), 1256, 'each model for itself');
});
