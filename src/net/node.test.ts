import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testTransport } from '../../test/conformance/transport-suite.ts';
import { listen } from './listener.ts';
import { NodeConnector } from './node.ts';
import { STREAM_WRAP } from './stream-wrap.ts';

testTransport('TCP handles', { connector: () => new NodeConnector(), listen });

testTransport('node:net sockets', {
  connector: () => new NodeConnector(false),
  listen: (options, accept) => listen(options, accept, () => undefined),
});

test('this Node has the handles that connections are carried on', () => {
  assert.notEqual(STREAM_WRAP, undefined);
});
