import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoints } from '../config/parse.ts';
import type { Edit } from '../config/write-file.ts';
import { endpointAt } from './fleet.fake.ts';
import { pruneUnhealthy } from './prune.ts';

const TEXT = `# the fleet
model_list:
  - model_name: a   # good
    litellm_params: {api_base: "http://a/v1"}
  # this one is for tests
  - model_name: b
    litellm_params:
      api_base: http://b/v1

  - {model_name: c, litellm_params: {api_base: 'http://c/v1'}}
`;

interface Probes {
  readonly [model: string]: readonly boolean[];
}

/** Each item of `rounds` is what probes have found so far; the last one stays. */
function setUp(rounds: readonly Probes[], text = TEXT) {
  const { value: entries = [] } = parseEndpoints(text, 'f.yaml', 'openai');
  const seen = { text, stamps: [] as string[], log: [] as string[], waits: 0 };
  const endpoints = entries.map(({ modelName, apiBase }, slot) => {
    return endpointAt(slot, { modelName, apiBase });
  });
  const note = (...said: unknown[]) =>
    void seen.log.push(said.map((one) => JSON.stringify(one)).join(' '));
  const run = pruneUnhealthy({
    entries,
    env: {},
    endpoints: () => endpoints,
    probesOf: ({ modelName }) => {
      const now = rounds[Math.min(seen.waits, rounds.length - 1)]!;
      return (now[modelName] ?? []).map((up) => ({ up }));
    },
    async changeFile(_file: string, edit: Edit, stamp: string) {
      const after = edit(seen.text);
      if (after === undefined || after === seen.text) return false;
      seen.text = after;
      seen.stamps.push(stamp);
      return true;
    },
    wait: async () => void seen.waits++,
    now: () => new Date('2026-11-22T09:30:00Z'),
    log: { info: note, warn: note, error: note },
  });
  return { run, seen };
}

test('takes out what failed its first probe and leaves every other byte', async () => {
  const { run, seen } = setUp([{ a: [true] }, { a: [true], b: [false], c: [true] }]);
  await run;
  assert.equal(seen.waits, 1, 'waits for all first probes');
  assert.doesNotMatch(seen.text, /http:\/\/b/);
  assert.match(seen.text, /^# the fleet\nmodel_list:\n {2}- model_name: a {3}# good\n/);
  assert.match(
    seen.text,
    /\n {2}- \{model_name: c, litellm_params: \{api_base: 'http:\/\/c\/v1'\}\}\n$/,
  );
  assert.deepEqual(seen.stamps, ['20261122T093000Z']);
  assert.match(seen.log.join(), /"b@http:\/\/b\/v1".*f\.yaml\.20261122T093000Z\.bak/);
});

test('leaves what came up after it had failed', async () => {
  const { run, seen } = setUp([{ a: [true], b: [false, true], c: [true] }]);
  await run;
  assert.equal(seen.text, TEXT);
  assert.deepEqual(seen.log, []);
});

test('takes nothing out when nothing is healthy', async () => {
  const { run, seen } = setUp([{ a: [false], b: [false], c: [false] }]);
  await run;
  assert.equal(seen.text, TEXT);
  assert.match(seen.log.join(), /no endpoint is healthy/);
});

test('does not wait for ever, and judges only what was probed', async () => {
  const { run, seen } = setUp([{ a: [true], b: [false] }]);
  await run;
  assert.doesNotMatch(seen.text, /http:\/\/b/);
  assert.match(seen.text, /http:\/\/c/);
});

test('says so when an entry cannot be taken out of its file', async () => {
  const text = `model_list:
- &one {model_name: a, litellm_params: &p {api_base: 'http://a/v1', weight: 2}}
- {model_name: b, litellm_params: {<<: *p, api_base: 'http://b/v1'}}
`;
  const { run, seen } = setUp([{ a: [false], b: [true] }], text);
  await run;
  assert.equal(seen.text, text);
  assert.match(seen.log.join(), /stay in the file/);
});
