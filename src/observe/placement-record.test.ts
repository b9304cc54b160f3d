import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newDecision } from '../core/ask.ts';
import { placementJson, placementSentence } from './placement-record.ts';

test('explains why affinity was kept or broken', () => {
  const decision = newDecision();
  assert.equal(placementSentence(decision), '', 'nothing to say');
  Object.assign(decision, { affinity: 'broken_by_load', blocks: 20, matchedBlocks: 4 });
  decision.queuedTokens = 12.4;
  assert.equal(
    placementSentence(decision),
    'why there: waiting where more of its prompt is held would have cost more than it saves ' +
      '(4 of 20 blocks held, 12 tokens queued).',
  );
  Object.assign(decision, { affinity: 'none', session: 'home', blocks: 0 });
  assert.equal(placementSentence(decision), 'why there: its session is at home there.');
});

test('shows whole numbers in snake_case', () => {
  const decision = newDecision();
  decision.estimatedMs = 12.6;
  const shown = placementJson(decision) as Record<string, unknown>;
  assert.equal(shown.estimated_ms, 13);
  assert.equal(shown.affinity, 'none');
});
