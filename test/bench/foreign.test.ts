/** Images and conversations against a mock server that is not ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LLMock } from '@copilotkit/aimock';
import { measure } from './rig.ts';

const ANSWER = 'Grüße aus 東京 🗼';
const SMALL = ['-m', 'mock-model', '-input-len', '5', '-c', '2'];

interface Message {
  readonly role: string;
  readonly content: string | readonly { readonly image_url?: { readonly url: string } }[];
}

async function mockServer(t: { after: (end: () => unknown) => void }): Promise<LLMock> {
  const mock = new LLMock({ port: 0, host: '127.0.0.1' });
  mock.onMessage(/.*/, { content: ANSWER });
  await mock.start();
  t.after(() => mock.stop());
  return mock;
}

function conversations(mock: LLMock): (readonly Message[])[] {
  const bodies = mock.getRequests().map(({ body }) => body as { messages?: Message[] } | null);
  return bodies.flatMap((body) => (body?.messages === undefined ? [] : [body.messages]));
}

for (const how of [[], ['-no-stream']]) {
  const name = how.length === 0 ? 'streamed' : 'whole';
  test(`images reach another server as the API has them, ${name}`, async (t) => {
    const mock = await mockServer(t);
    const flags = [...SMALL, '-n', '4', '-images', '2', '-image-size', '64x48', ...how];
    const { run } = await measure(mock.url, flags);
    assert.deepEqual([run.numbers.completed, run.numbers.failed], [4, 0]);
    const seen = conversations(mock);
    assert.equal(seen.length, 4);
    for (const [message] of seen) {
      const urls = [...message!.content].flatMap((part) => {
        return typeof part === 'object' && part.image_url !== undefined ? [part.image_url.url] : [];
      });
      assert.equal(urls.length, 2);
      for (const url of urls) {
        const [head, data] = url.split(',');
        assert.equal(head, 'data:image/png;base64');
        const png = Buffer.from(data!, 'base64');
        assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [64, 48]);
      }
    }
  });

  test(`conversations go on with another server's answers, ${name}`, async (t) => {
    const mock = await mockServer(t);
    const flags = ['-dataset-name', 'multi-turn', '-turns', '3', '-n', '2', ...how];
    const { run } = await measure(mock.url, [...SMALL, ...flags]);
    assert.deepEqual([run.numbers.completed, run.numbers.failed], [6, 0]);
    const seen = conversations(mock);
    assert.deepEqual(seen.map((messages) => messages.length).sort(), [1, 1, 3, 3, 5, 5]);
    const answers = seen.flat().filter(({ role }) => role === 'assistant');
    assert.equal(answers.length, 6);
    for (const { content } of answers) assert.equal(content, ANSWER);
  });
}
