import assert from 'node:assert/strict';
import { isIPv4 } from 'node:net';
import { test } from 'node:test';
import { loopbackAddresses } from './loopback.ts';

test('addresses are different and all of this machine', () => {
  const addresses = loopbackAddresses(1000);
  assert.equal(new Set(addresses).size, 1000);
  assert.ok(addresses.every((address) => isIPv4(address) && address.startsWith('127.')));
  assert.deepEqual(loopbackAddresses(1), ['127.0.0.1']);
});
