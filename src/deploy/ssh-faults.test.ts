/** What ssh says, in one sentence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sshFault } from './ssh-faults.ts';

for (const [stderr, expected] of [
  ['Host key verification failed.', /not known yet: run "ssh gpu-1" once/],
  ['No ED25519 host key is known for gpu-1 and you …\nHost key verification failed.', /not known/],
  [
    '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.',
    /not the/,
  ],
  ['root@gpu-1: Permission denied (publickey).', /login was refused/],
  ['ssh: Could not resolve hostname gpu-1: Name or service not known', /no such host/],
  ['ssh: connect to host gpu-1 port 22: Connection refused', /nothing answers ssh/],
  ['ssh: connect to host gpu-1 port 22: Connection timed out', /cannot be reached/],
  ['ssh: connect to host gpu-1 port 22: No route to host', /cannot be reached/],
  ['kex_exchange_identification: Connection closed by remote host', /broke off/],
  ['ENOENT', /ssh is not installed here/],
  ['first\nsomething new\n', /^ssh says: something new$/],
  ['', /without a word/],
] as const) {
  test(`${JSON.stringify(stderr)} is told as ${expected.source}`, () => {
    assert.match(sshFault('gpu-1', stderr), expected);
    assert.doesNotMatch(sshFault('gpu-1', stderr), /\n/);
  });
}
