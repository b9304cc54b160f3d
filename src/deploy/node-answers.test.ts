/** What nodes answer, read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFacts, parseLooks } from './node-answers.ts';

const RECORD = '{"id":"m-g0","gpus":[0],"command":{"argv":["x"],"env":{}}}';
const FACTS = [
  'Last login: greetings that some nodes print',
  '@boot 0a',
  '@gpu 0, GPU-a, 4',
  '@gpu 1, GPU-b, 40960',
  '@gpu 2, GPU-c, 300',
  '@gpu NVIDIA-SMI has failed',
  '@app GPU-c, 4711',
  '@tcp    0: 00000000:7794 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0',
  '@tcp    1: 0100007F:1F90 0100007F:0A0A 01 00000000:00000000 00:00000000 00000000 0A 0',
  '@python python3 /usr/bin/python3',
  '@python my env',
  '@python missing ',
  `@service alive 12 1700000000 ${RECORD}`,
  '@service dead 12 1700000000 {"id":"../x","gpus":[],"command":{"argv":[],"env":{}}}',
  '@service dead 12 1700000000 {broken',
  '@end',
].join('\n');

test('facts of a node are read, and noise is skipped', () => {
  const facts = parseFacts(FACTS, '10.0.0.1')!;
  assert.deepEqual(facts.gpus, [
    { id: 0, busy: '' },
    { id: 1, busy: '40960 MiB of it are in use' },
    { id: 2, busy: 'process 4711 works on it' },
  ]);
  assert.deepEqual([...facts.ports], [0x7794]);
  assert.deepEqual(facts.pythons.get('python3'), '/usr/bin/python3');
  assert.equal(facts.pythons.get('missing'), '');
  assert.equal(facts.services.length, 1, 'records that are not whole or not ours are left out');
  assert.equal(facts.services[0]!.startedMs, 1_700_000_000_000);
});

test('without nvidia-smi nothing is known of GPUs, and half an answer is none', () => {
  assert.equal('gpus' in parseFacts('@no-gpus\n@end\n', 'a')!, false);
  assert.equal(parseFacts(FACTS.replace('@end', ''), 'a'), undefined);
});

test('looks carry exactly the bytes they announce', () => {
  const log = 'é\n@look x alive 1 1\n';
  const bytes = Buffer.byteLength(log);
  const answer = `noise\n@look a alive 90 ${bytes}\n${log}\n@look b dead 0 0\n\n`;
  const looks = parseLooks(Buffer.from(answer));
  assert.deepEqual(
    [...looks],
    [
      ['a', { isAlive: true, offset: 90, log }],
      ['b', { isAlive: false, offset: 0, log: '' }],
    ],
  );
});
