import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadAll, mergeEndpoints } from '../config/load.ts';
import { type HeldFiles, withLastGood } from './last-good.ts';

const A = entry('a');
const B = entry('b');
const GOOD = `model_list:\n${A}${B}`;
const NAMES = 'router_settings:\n  model_group_alias: {other: m, third: m}\n';

function entry(host: string, rest = ''): string {
  const params = `{model: openai/m, api_base: 'http://${host}:1/v1'${rest}}`;
  return `- model_name: m\n  litellm_params: ${params}\n`;
}

/** A folder of files, read again and again as a running router does. */
async function setUp(t: { after(run: () => Promise<void>): void }) {
  const dir = await mkdtemp(join(tmpdir(), 'llm-router-good-'));
  t.after(() => rm(dir, { recursive: true }));
  await mkdir(join(dir, 'configs'));
  let held: HeldFiles = new Map();
  const write = (name: string, text: string) => writeFile(join(dir, name), text);
  /** Hosts that count after these files were written, sorted. */
  const after = async (files: Record<string, string>): Promise<string> => {
    for (const [name, text] of Object.entries(files)) await write(name, text);
    const loaded = await loadAll(join(dir, 'config.yaml'), { env: {} });
    held = withLastGood(loaded, held);
    const ids = mergeEndpoints(held).value.map(({ id }) => id.slice('m@http://'.length, -5));
    return ids.sort().join(' ');
  };
  const names = () => [...held.values()].flatMap((file) => file.names?.aliases ?? []);
  await write('config.yaml', '{}');
  return { dir, after, names };
}

const FILE = 'configs/openai_x.yaml';

const SLIPS: Readonly<Record<string, string>> = {
  'no YAML': `model_list:\n${A}${B}  oops: [`,
  'the list misspelt': `model_lst:\n${A}${B}`,
  'the list is a text': 'model_list: soon\n',
  'a section misspelt': GOOD.replace(/litellm_params(?=.*b:1)/, 'litelm_params'),
  'no address': GOOD.replace("api_base: 'http://b", "api_bse: 'http://b"),
  'an address that is none': GOOD.replace('http://b', 'htp:/b'),
  'no model name': GOOD.replace(/model_name: m(?=\n.*b:1)/, 'model_nam: m'),
  'a wrong number': `model_list:\n${A}${entry('b', ', weight: heavy')}`,
  'a wrong number of its own': `model_list:\n${A}${entry('b', ', timeout: [1]')}`,
  'a variable that is missing': `model_list:\n${A}${entry('b', ', api_key: os.environ/NO')}`,
  'a credential that is missing': `model_list:\n${A}${entry('b', ', litellm_credential_name: no')}`,
  'a list entry that is none': `model_list:\n${A}- b\n`,
};

for (const [what, slip] of Object.entries(SLIPS)) {
  test(`a running router loses no endpoint by ${what}`, async (t) => {
    const { after } = await setUp(t);
    const start = await setUp(t);
    assert.notEqual(await start.after({ [FILE]: slip }), 'a b', 'a start leaves it out');
    assert.equal(await after({ [FILE]: GOOD }), 'a b');
    assert.equal(await after({ [FILE]: slip }), 'a b');
    assert.equal(await after({ [FILE]: slip }), 'a b', 'also when it is read once more');
    assert.equal(await after({ [FILE]: `model_list:\n${A}` }), 'a', 'mended: it was removed');
  });
}

test('what is new and right counts beside a slip, and a good removal waits', async (t) => {
  const { after } = await setUp(t);
  await after({ [FILE]: GOOD });
  const slip = entry('x', ', weight: heavy');
  assert.equal(await after({ [FILE]: `model_list:\n${A}${entry('c')}${slip}` }), 'a b c');
  assert.equal(await after({ [FILE]: `model_list:\n${A}${entry('c')}` }), 'a c');
});

test('a fault that was there at the start keeps nobody from removing an endpoint', async (t) => {
  const { after } = await setUp(t);
  const old = entry('x', ', weight: heavy');
  assert.equal(await after({ [FILE]: `model_list:\n${A}${B}${old}` }), 'a b');
  assert.equal(await after({ [FILE]: `model_list:\n${A}${old}` }), 'a');
});

test('a new fault counts also where an old one was mended by the same hand', async (t) => {
  const { after } = await setUp(t);
  const old = entry('x', ', weight: heavy');
  await after({ [FILE]: `model_list:\n${A}${B}${old}` });
  const slip = GOOD.replace('http://b', 'htp:/b');
  assert.equal(await after({ [FILE]: `${slip}${entry('x')}` }), 'a b x');
});

test('a slip in the main file keeps its endpoints, too', async (t) => {
  const { after } = await setUp(t);
  assert.equal(await after({ 'config.yaml': GOOD }), 'a b');
  assert.equal(await after({ 'config.yaml': SLIPS['a wrong number']! }), 'a b');
  assert.equal(await after({ 'config.yaml': SLIPS['no YAML']! }), 'a b');
});

test('aliases stay while one of them is no alias', async (t) => {
  const { after, names } = await setUp(t);
  const listed = () =>
    names()
      .map(({ name }) => name)
      .sort();
  await after({ [FILE]: GOOD + NAMES });
  await after({ [FILE]: GOOD + NAMES.replace('third: m', 'third: [m], fourth: m') });
  assert.deepEqual(listed(), ['fourth', 'other', 'third']);
  await after({ [FILE]: GOOD + NAMES.replace(', third: m', '') });
  assert.deepEqual(listed(), ['other']);
});

test('a file under a new name with a fault, or a wrong include, loses nothing', async (t) => {
  const { dir, after } = await setUp(t);
  const part = join(dir, 'part.yaml');
  await after({ 'part.yaml': `model_list:\n${B}`, [FILE]: `include: ${part}\nmodel_list:\n${A}` });
  assert.equal(await after({ [FILE]: `include: ${part}x\nmodel_list:\n${A}` }), 'a b');
  assert.equal(await after({}), 'a b', 'also when it is read once more');
  assert.equal(await after({ [FILE]: `include: ${part}\nmodel_list:\n${A}` }), 'a b');
  await rename(join(dir, FILE), join(dir, 'configs/openai_y.yaml'));
  assert.equal(await after({ 'configs/openai_y.yaml': 'model_list: [' }), 'a b');
  assert.equal(await after({ 'configs/openai_y.yaml': `model_list:\n${A}` }), 'a');
});

test('a deleted file loses its endpoints, whatever was broken from the start', async (t) => {
  const { dir, after } = await setUp(t);
  await after({ [FILE]: `model_list:\n${A}`, 'configs/openai_z.yaml': 'model_list: [' });
  await rm(join(dir, FILE));
  assert.equal(await after({}), '');
});
