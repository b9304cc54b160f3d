import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { BlockChain } from '../core/block-chain.ts';
import { PromptBlocks } from './prompt-blocks.ts';

interface Read {
  readonly blocks: string[];
  readonly tokens: number;
  readonly sessions: number[];
}

function read(body: unknown, cuts: readonly number[] = []): Read {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const reader = new PromptBlocks(7);
  const chain = new BlockChain();
  reader.begin(chain);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const to = Math.max(from, Math.min(cut, bytes.length));
    // A copy in the middle of another buffer: offsets and neighbours must not matter.
    const piece = Buffer.alloc(to - from + 6, '"');
    bytes.copy(piece, 3, from, to);
    reader.feed(piece, 3, 3 + to - from);
    from = to;
  }
  reader.finish();
  const blocks = Array.from(
    { length: chain.count },
    (_, at) => `${chain.low[at]}:${chain.high[at]}:${chain.tokensUpTo[at]}`,
  );
  return { blocks, tokens: chain.tokens, sessions: [...reader.sessions] };
}

/** Text of about `bytes` bytes that differs by `seed`. */
function words(bytes: number, seed: number): string {
  let text = '';
  for (let at = 0; text.length < bytes; at++) text += `w${(seed * 7919 + at * 31) % 9973} `;
  return text;
}

function shared(a: Read, b: Read): number {
  let count = 0;
  while (count < a.blocks.length && a.blocks[count] === b.blocks[count]) count++;
  return count;
}

const user = (content: unknown) => ({ role: 'user', content });
const image = (seed: number) => ({
  type: 'image_url',
  image_url: { url: `data:image/png;base64,${Buffer.from(words(9_000, seed)).toString('base64')}` },
});

describe('PromptBlocks', () => {
  test('gives prompts that begin alike the same first blocks', () => {
    const first = [user(words(3_000, 1)), { role: 'assistant', content: words(700, 2) }];
    const short = read({ model: 'm', messages: first });
    const long = read({ model: 'm', messages: [...first, user(words(2_000, 3))] });
    assert.ok(short.blocks.length >= 7, `${short.blocks.length}`);
    assert.ok(shared(short, long) >= short.blocks.length - 1);
    assert.ok(long.blocks.length > short.blocks.length + 2);
  });

  test('tells prompts apart from the block in which they differ', () => {
    const a = read({ messages: [user(words(4_000, 1))] });
    const b = read({ messages: [user(`${words(2_000, 1)}X${words(2_000, 1)}`)] });
    assert.equal(shared(a, b), 3);
    assert.equal(shared(a, read({ messages: [user(words(4_000, 9))] })), 0);
    const system = read({ messages: [{ role: 'system', content: words(4_000, 1) }] });
    assert.equal(shared(a, system), 0, 'roles count');
  });

  test('does not mind other keys, their order, white space or what messages do not say', () => {
    const messages = [user(words(2_000, 1))];
    const plain = read({ messages });
    assert.deepEqual(read({ temperature: 1, messages, stop: ['"messages":['], n: 2 }), plain);
    assert.deepEqual(read(JSON.stringify({ model: 'm', messages }, undefined, 3)), plain);
    assert.deepEqual(read({ metadata: { messages: [1], user: 'x' }, messages }), plain);
  });

  test('hashes tools and system before the messages, wherever they stand', () => {
    const messages = [user(words(2_000, 1))];
    const tools = [{ type: 'function', function: { name: 'f', description: words(600, 5) } }];
    const before = read({ tools, messages });
    assert.deepEqual(read({ messages, tools }), before);
    assert.equal(shared(before, read({ messages })), 0);
    const other = read({ tools, messages: [user(words(2_000, 2))] });
    assert.equal(shared(before, other), 1, 'the tools are shared');
    assert.notDeepEqual(read({ messages, system: 'a' }), read({ messages, system: 'b' }));
  });

  test('leaves marks of the cache out', () => {
    const part = { type: 'text', text: words(1_500, 1) };
    const marked = { ...part, cache_control: { type: 'ephemeral', ttl: ['1h', { a: 1 }] } };
    const plain = read({ messages: [user([part]), user('b')] });
    assert.deepEqual(read({ messages: [user([marked]), user('b')] }), plain);
  });

  test('counts an image by its digest', () => {
    const text = { type: 'text', text: words(3_000, 1) };
    const one = read({ messages: [user([image(1), text])] });
    assert.deepEqual(read({ messages: [user([image(1), text])] }), one);
    assert.equal(shared(one, read({ messages: [user([image(2), text])] })), 0);
    assert.ok(one.tokens > 512 + 700 && one.tokens < 512 + 900, `${one.tokens}`);
    const source = { type: 'base64', data: Buffer.from(words(9_000, 1)).toString('base64') };
    const anthropic = read({ messages: [user([{ type: 'image', source }, text])] });
    assert.ok(anthropic.tokens < 512 + 900, `${anthropic.tokens}`);
  });

  test('reads every API: prompt, input and instructions', () => {
    for (const body of [
      { prompt: words(2_000, 1) },
      { input: [words(2_000, 1)], instructions: 'be brief' },
      { input: [{ role: 'user', content: words(2_000, 1) }] },
    ]) {
      assert.ok(read(body).blocks.length >= 3);
    }
  });

  test('finds what names a session, at the top only', () => {
    const named = read({ session_id: 's-1', user: 'ann', prompt_cache_key: 'k'.repeat(40) });
    assert.ok(named.sessions.every((hash) => hash !== 0));
    assert.equal(new Set(named.sessions).size, 3);
    assert.deepEqual(read({ metadata: { user: 'ann' }, messages: ['user'] }).sessions, [0, 0, 0]);
    assert.deepEqual(read({ user: '' }).sessions, [0, 0, 0]);
    const other = read({ session_id: 's-2', user: 'ann', prompt_cache_key: `${'k'.repeat(39)}l` });
    assert.equal(other.sessions[1], named.sessions[1]);
    assert.notEqual(other.sessions[0], named.sessions[0]);
    assert.notEqual(other.sessions[2], named.sessions[2]);
  });

  test('gives the same result however the body is cut', () => {
    const part = fc.oneof(
      fc.record({ type: fc.constant('text'), text: fc.string({ maxLength: 700 }) }),
      fc.constant(image(3)),
      fc.record({ text: fc.string(), cache_control: fc.dictionary(fc.string(), fc.string()) }),
    );
    const body = fc.record(
      {
        model: fc.string(),
        messages: fc.array(fc.record({ role: fc.string(), content: fc.array(part) })),
        tools: fc.array(fc.record({ name: fc.string({ maxLength: 40 }), data: fc.string() })),
        session_id: fc.string({ maxLength: 60 }),
        user: fc.string(),
        n: fc.double(),
      },
      { requiredKeys: [] },
    );
    const cuts = fc.array(fc.nat(40_000), { maxLength: 12 });
    fc.assert(
      fc.property(body, cuts, (value, at) => {
        const sorted = [...at].sort((a, b) => a - b);
        assert.deepEqual(read(value, sorted), read(value));
      }),
      { seed: 11, numRuns: 300 },
    );
    const text = JSON.stringify({ messages: [user('a\\"b\n'.repeat(9)), image(1)], user: 'x"y' });
    const every = Array.from({ length: text.length }, (_, at) => at);
    assert.deepEqual(read(text, every), read(text), 'byte by byte');
  });

  test('is never surprised by what is not JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\ a1') }), (text) => {
        read(`{"messages":${text}`);
        read(text);
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});
