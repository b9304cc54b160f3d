import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { Xorshift } from '../../core/random.ts';
import type { Target } from '../plan.ts';
import { png } from './images.ts';
import { openSource } from './open-source.ts';
import type { PromptSource } from './source.ts';
import type { DataSpec } from './spec.ts';

const dir = mkdtempSync(join(tmpdir(), 'llm-router-bench-'));
after(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

const TARGET: Target = {
  host: 'h',
  port: 1,
  tls: false,
  insecure: false,
  path: '/v1/chat/completions',
  headers: 'host: h\r\n',
  sourceIps: [],
};
const DATA: DataSpec = {
  dataset: 'random',
  path: '',
  model: 'm',
  chat: true,
  stream: true,
  seed: 5,
  inputLength: 10,
  outputLength: 7,
  rangeRatio: 0,
  prefixLength: 0,
  prefixes: 2,
  turns: 3,
  thinkMs: 0,
  images: 0,
  imageWidth: 4,
  imageHeight: 3,
  ignoreEos: false,
  timeScale: 1,
  extraBody: '',
};
const open = (data: Partial<DataSpec>) => openSource({ ...DATA, ...data }, TARGET);

interface Body {
  readonly [key: string]: unknown;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

function parse(bytes: Buffer): Body {
  const text = bytes.toString();
  const [head = '', body = ''] = text.split('\r\n\r\n');
  assert.match(head, /^POST \/v1\/chat\/completions HTTP\/1\.1\r\nhost: h\r\n/);
  assert.equal(Number(/content-length: (\d+)/.exec(head)![1]), Buffer.byteLength(body));
  return JSON.parse(body) as Body;
}

const bodyAt = (source: PromptSource, index: number) => parse(source.at(index)!.bytes);
const promptAt = (source: PromptSource, index: number) =>
  bodyAt(source, index).messages[0]!.content;
const wordsOf = (text: string) => text.split(' ').length;

test('random prompts have the length asked for, differ, and come again with the seed', () => {
  const source = open({});
  assert.equal(wordsOf(promptAt(source, 0)), 10);
  assert.notEqual(promptAt(source, 0), promptAt(source, 1));
  assert.equal(promptAt(open({}), 1), promptAt(source, 1));
  assert.notEqual(promptAt(open({ seed: 6 }), 1), promptAt(source, 1));
  const body = bodyAt(source, 0);
  assert.equal(body.max_tokens, 7);
  assert.deepEqual(body.stream_options, { include_usage: true });
});

test('lengths vary within the range asked for', () => {
  const source = open({ inputLength: 100, rangeRatio: 0.5 });
  const lengths = Array.from({ length: 200 }, (_, index) => wordsOf(promptAt(source, index)));
  assert.ok(Math.min(...lengths) >= 50 && Math.max(...lengths) <= 150);
  assert.ok(Math.max(...lengths) - Math.min(...lengths) > 80);
});

test('prompts share as many beginnings as asked for', () => {
  const source = open({ dataset: 'shared-prefix', prefixLength: 30, prefixes: 3 });
  const prefixes = new Set(Array.from({ length: 60 }, (_, index) => promptAt(source, index)));
  assert.equal(prefixes.size, 3);
  assert.equal(wordsOf([...prefixes][0]!), 30);
});

test('a conversation grows with its answers and ends after its turns', () => {
  const source = open({ dataset: 'multi-turn' });
  const first = source.at(4)!;
  assert.equal(parse(first.bytes).messages.length, 1);
  const second = source.after(first.session, 'an answer')!;
  const { messages } = parse(second.bytes);
  assert.deepEqual(
    messages.map(({ role }) => role),
    ['user', 'assistant', 'user'],
  );
  assert.equal(messages[1]!.content, 'an answer');
  assert.ok(source.after(4, 'x'));
  assert.equal(source.after(4, 'x'), undefined);
  assert.equal(source.after(4, 'x'), undefined);
});

test('ShareGPT gives first questions, answered as long as in the file', () => {
  const rows = [
    {
      conversations: [
        { from: 'gpt', value: 'hi' },
        { from: 'human', value: 'Q' },
        { from: 'gpt', value: 'a b c d e' },
      ],
    },
    { conversations: [{ from: 'human', value: 'alone' }] },
  ];
  const path = file('share.json', JSON.stringify(rows));
  const body = bodyAt(open({ dataset: 'sharegpt', path, outputLength: 0 }), 9);
  assert.equal(body.messages[0]!.content, 'Q');
  assert.equal(body.max_tokens, 5);
  const turns = open({ dataset: 'multi-turn', path });
  assert.equal(promptAt(turns, 0), 'Q');
  assert.equal(turns.after(0, 'x'), undefined);
});

test('custom lines are prompts or whole bodies, used in turn', () => {
  const lines = '{"prompt":"one","output_tokens":3}\n\n{"messages":[],"temperature":0}\n';
  const source = open({ dataset: 'custom', path: file('c.jsonl', lines) });
  assert.equal(promptAt(source, 0), 'one');
  assert.equal(bodyAt(source, 0).max_tokens, 3);
  assert.equal(bodyAt(source, 1).temperature, 0);
  assert.equal(bodyAt(source, 1).model, 'm');
  assert.equal(source.at(2)!.bytes, source.at(0)!.bytes);
});

test('a trace gives times, lengths and shared blocks', () => {
  const row = (timestamp: number, hash_ids: number[]) =>
    JSON.stringify({ timestamp, input_length: 600, output_length: 9, hash_ids });
  const path = file('t.jsonl', [row(5000, [1, 3]), row(1000, [1, 2])].join('\n'));
  const source = open({ dataset: 'mooncake', path, timeScale: 2 });
  assert.equal(source.at(0)!.dueMs, 0);
  assert.equal(source.at(1)!.dueMs, 2000);
  assert.equal(source.at(2), undefined);
  const [a, b] = [promptAt(source, 0), promptAt(source, 1)];
  assert.equal(wordsOf(a), 600);
  const shared = (text: string) => text.split(' ').slice(0, 512).join(' ');
  assert.equal(shared(a), shared(b));
  assert.notEqual(a, b);
});

test('what is wrong with a file is said with its line', () => {
  const bad: [Partial<DataSpec>, RegExp][] = [
    [{ dataset: 'custom', path: join(dir, 'none') }, /cannot be read: ENOENT/],
    [{ dataset: 'custom', path: file('b.jsonl', '{"prompt":"x"}\nnot json') }, /b\.jsonl:2: /],
    [{ dataset: 'custom', path: file('p.jsonl', '{"text":"x"}') }, /line 1 has neither/],
    [{ dataset: 'mooncake', path: file('m.jsonl', '{"timestamp":1}') }, /line 1 lacks one of/],
    [{ dataset: 'sharegpt', path: file('s.json', '{}') }, /is not a list/],
  ];
  for (const [data, message] of bad) assert.throws(() => open(data), message);
});

test('images are PNG files of the size asked for', () => {
  const bytes = png(4, 3, new Xorshift(1));
  assert.equal(bytes.toString('latin1', 1, 4), 'PNG');
  assert.equal(bytes.readUInt32BE(16), 4);
  assert.equal(bytes.readUInt32BE(20), 3);
  const at = bytes.indexOf('IDAT');
  const rows = inflateSync(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at - 4)));
  assert.equal(rows.length, 3 * (1 + 4 * 3));
  const body = bodyAt(open({ images: 2 }), 0);
  const parts = body.messages[0]!.content as unknown as {
    type: string;
    image_url?: { url: string };
  }[];
  assert.deepEqual(
    parts.map(({ type }) => type),
    ['text', 'image_url', 'image_url'],
  );
  assert.match(parts[1]!.image_url!.url, /^data:image\/png;base64,iVBOR/);
  assert.notEqual(parts[1]!.image_url!.url, parts[2]!.image_url!.url);
});

test('extra keys go into every body', () => {
  const body = bodyAt(open({ extraBody: '{"top_k":3,"max_tokens":1}', ignoreEos: true }), 0);
  assert.equal(body.top_k, 3);
  assert.equal(body.max_tokens, 1);
  assert.equal(body.ignore_eos, true);
});
