/** Edits of endpoint files: what changes, and that nothing else does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { putEndpoint, removeEndpoints } from './edit-endpoints.ts';
import { parseEndpoints } from './parse.ts';
import { formatProblem } from './problem.ts';

const CONTEXT = { file: 'self_deployed_config.yaml', env: {} };
const NEW = { modelName: 'm', model: 'org/m', apiBase: 'http://10.0.0.9:8000/v1', apiKey: '' };
const NEW_LINES = `  - model_name: m
    litellm_params:
      model: openai/org/m
      api_base: http://10.0.0.9:8000/v1
`;

function put(text: string, endpoint = NEW): string {
  const { value, problems } = putEndpoint(text, endpoint, CONTEXT);
  assert.deepEqual(problems.map(formatProblem), []);
  return value!;
}

function remove(text: string, ...ids: string[]): string {
  const { value, problems } = removeEndpoints(text, ({ id }) => ids.includes(id), CONTEXT);
  assert.deepEqual(problems.map(formatProblem), []);
  return value!;
}

const HAND_WRITTEN = `# our engines

model_list:   # two of them
  # the old one
  - model_name: "a"   # quoted
    litellm_params: {model: openai/x,
        api_base: 'http://10.0.0.1:1/v1'}   # flow inside

  # the new one
  - litellm_params:
      weight: 3
      api_base: http://10.0.0.2:1/v1/
      model: hosted_vllm/y
      # rpm is agreed with ops
      rpm_limit: 60
    model_name: b
# the end
`;

test('an endpoint is added behind the last one, before the comments that follow', () => {
  assert.equal(put(HAND_WRITTEN), HAND_WRITTEN.replace('# the end\n', `${NEW_LINES}# the end\n`));
});

test('an endpoint gets its key by reference, wherever it stands, and no other does', () => {
  const context = { ...CONTEXT, env: { KEY: 'sk-1' } };
  const keyed = (text: string, apiBase: string, model = 'x') => {
    const endpoint = { modelName: 'm', model, apiBase, apiKey: 'os.environ/KEY' };
    const { value, problems } = putEndpoint(text, endpoint, context);
    assert.deepEqual(problems.map(formatProblem), []);
    assert.equal(putEndpoint(value!, endpoint, context).value, value, 'once is enough');
    return value;
  };
  const added = `${NEW_LINES.replace('org/m', 'x')}      api_key: os.environ/KEY\n`;
  assert.equal(
    keyed(HAND_WRITTEN, 'http://10.0.0.9:8000/v1'),
    HAND_WRITTEN.replace('# the end\n', `${added}# the end\n`),
  );
  const inBlock = HAND_WRITTEN.replace('model_name: b', 'model_name: m')
    .replace('hosted_vllm/y', 'openai/x')
    .replace('      model: openai/x\n      # rpm', '      api_key: os.environ/KEY\n$&');
  assert.equal(keyed(HAND_WRITTEN, 'http://10.0.0.2:1/v1'), inBlock);
  const params = '{model: openai/x, api_base: "http://h:1/v1"}';
  const flow = `model_list: [{model_name: m, litellm_params: ${params}}]\n`;
  const asked = keyed(flow, 'http://h:1/v1');
  assert.equal(asked, flow.replace('/v1"', '/v1", "api_key": "os.environ/KEY"'));
  const other = flow.replace('api_base', 'api_key: EMPTY, api_base');
  assert.equal(keyed(other, 'http://h:1/v1'), other.replace('EMPTY', 'os.environ/KEY'));
});

test('an endpoint of the same address gets the new model and keeps all else', () => {
  const other = { ...NEW, apiBase: 'http://10.0.0.2:1/v1' };
  const expected = HAND_WRITTEN.replace('hosted_vllm/y', 'openai/org/m').replace(
    'model_name: b',
    'model_name: m',
  );
  assert.equal(put(HAND_WRITTEN, other), expected);
});

test('what is listed already, under whatever provider, is left as it is', () => {
  const same = { ...NEW, modelName: 'b', model: 'y', apiBase: 'http://10.0.0.2:1/v1' };
  assert.equal(put(HAND_WRITTEN, same), HAND_WRITTEN);
});

test('another name of the same model at the same address stays beside the new entry', () => {
  const text = put(HAND_WRITTEN, { ...NEW, model: 'y', apiBase: 'http://10.0.0.2:1/v1' });
  const names = parseEndpoints(text, 'f', 's').value!.map(({ id }) => id);
  assert.deepEqual(names, [
    'a@http://10.0.0.1:1/v1',
    'b@http://10.0.0.2:1/v1',
    'm@http://10.0.0.2:1/v1',
  ]);
});

test('of several entries of one address with another model one remains', () => {
  const twice = `model_list:\n${NEW_LINES}${NEW_LINES.replace('model_name: m', 'model_name: n')}`;
  const text = put(twice, { ...NEW, model: 'other', modelName: 'other' });
  assert.equal(
    text,
    `model_list:\n${NEW_LINES.replace('org/m', 'other').replace('name: m', 'name: other')}`,
  );
});

test('a removed endpoint takes its own lines with it and no others', () => {
  const text = remove(HAND_WRITTEN, 'a@http://10.0.0.1:1/v1');
  const own = HAND_WRITTEN.slice(HAND_WRITTEN.indexOf('  - model_name: "a"'));
  const gone = own.slice(0, own.indexOf('# flow inside\n') + '# flow inside\n'.length);
  assert.equal(text, HAND_WRITTEN.replace(gone, ''));
});

test('the last endpoint leaves an empty list behind, which can be filled again', () => {
  const empty = remove(`model_list:  # here\n${NEW_LINES}other: 1\n`, `m@${NEW.apiBase}`);
  assert.equal(empty, 'model_list: []  # here\nother: 1\n');
  assert.equal(put(empty), `model_list:   # here\n${NEW_LINES}other: 1\n`);
});

for (const [text, expected] of [
  ['', `model_list:\n${NEW_LINES}`],
  ['# only this', `# only this\nmodel_list:\n${NEW_LINES}`],
  ['model_list:', `model_list:\n${NEW_LINES}`],
  ['model_list: []\n', `model_list:\n${NEW_LINES}`],
  ['model_list: ~ # none\nx: 1\n', `model_list:  # none\n${NEW_LINES}x: 1\n`],
  ['model_list: [\n]\n', `model_list:\n${NEW_LINES}`],
  ['\uFEFFmodel_list: []\r\n', `\uFEFFmodel_list:\r\n${NEW_LINES.replaceAll('\n', '\r\n')}`],
] as const) {
  test(`${JSON.stringify(text)} can be filled`, () => assert.equal(put(text), expected));
}

test('JSON stays JSON', () => {
  const list = ['a', 'b', 'c'].map((name) => ({
    model_name: name,
    litellm_params: { model: name, api_base: `http://${name}:1/v1` },
  }));
  for (const indent of [0, 2]) {
    const text = JSON.stringify({ model_list: list }, null, indent);
    const more = JSON.parse(put(text)) as { model_list: unknown[] };
    assert.equal(more.model_list.length, 4);
    const fewer = JSON.parse(remove(text, 'a@http://a:1/v1', 'c@http://c:1/v1')) as object;
    assert.deepEqual(fewer, { model_list: [list[1]] });
    const none = remove(text, ...list.map(({ model_name: n }) => `${n}@http://${n}:1/v1`));
    assert.deepEqual(JSON.parse(none), { model_list: [] });
  }
});

test('an edit that would change another entry is refused, and so is a broken file', () => {
  const shared =
    'model_list:\n  - &one\n    model_name: a\n    litellm_params: &p {api_base: http://a:1/v1}\n' +
    '  - model_name: b\n    litellm_params: {<<: *p, api_base: http://b:1/v1}\n';
  const refusal = removeEndpoints(shared, ({ modelName }) => modelName === 'a', CONTEXT);
  assert.equal(refusal.value, undefined);
  assert.match(formatProblem(refusal.problems[0]!), /^self_deployed_config\.yaml: cannot be/);
  const broken = putEndpoint('model_list: {', NEW, CONTEXT);
  assert.equal(broken.value, undefined);
  assert.match(formatProblem(broken.problems[0]!), /^self_deployed_config\.yaml:1:\d+: /);
  assert.equal(putEndpoint('model_list: 3', NEW, CONTEXT).value, undefined);
});

const line = fc.constantFrom('', '# note', '  # deeper', '      # deepest');
const entry = fc.record({ before: line, weight: fc.nat(9), tail: fc.constantFrom('', '  # tail') });

test('an edit is refused also when only a timeout of another entry would change', () => {
  const item = (name: string, timeout: string) =>
    `  - model_name: ${name}\n` +
    `    litellm_params: {api_base: http://${name}:1/v1, timeout: ${timeout}}\n`;
  // Without b, the alias in c means the anchor in a.
  const text = `model_list:\n${item('a', '&t 5')}${item('b', '&t 9')}${item('c', '*t')}`;
  const { value, problems } = removeEndpoints(text, ({ id }) => id.startsWith('b@'), CONTEXT);
  assert.equal(value, undefined);
  assert.match(formatProblem(problems[0]!), /edit it by hand/);
});

test('adding and removing again gives back every byte, wherever the entry stands', () => {
  const property = fc.property(
    fc.array(entry, { minLength: 1, maxLength: 6 }),
    fc.constantFrom('\n', '\r\n'),
    fc.nat(5),
    (entries, eol, pick) => {
      const lines = entries.flatMap(({ before, weight, tail }, index) => [
        ...(before === '' ? [] : [before]),
        `  - model_name: m${index}${tail}`,
        `    litellm_params: {api_base: "http://h${index}:1/v1",`,
        `      weight: ${weight}}${tail}`,
      ]);
      const text = ['model_list:', ...lines, '# end', ''].join(eol);
      assert.equal(remove(put(text), `m@${NEW.apiBase}`), text);
      const gone = pick % entries.length;
      const fewer = remove(text, `m${gone}@http://h${gone}:1/v1`);
      const own = new RegExp(` +- model_name: m${gone}\\b[^}]*\\}( {2}# tail)?\\r?\\n`);
      const rest = text.replace(own, '');
      assert.equal(fewer, entries.length > 1 ? rest : rest.replace('list:', 'list: []'));
    },
  );
  fc.assert(property, { seed: 7, numRuns: 200 });
});
