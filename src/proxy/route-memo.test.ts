import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRoute } from '../openai/routes.ts';
import { RouteMemo } from './route-memo.ts';

/** Each is looked up twice, between bytes that are not its own. */
const PATHS = [
  '/v1/chat/completions',
  '/v1/chat/completion',
  '/v1/chat/completionss',
  '/v1/chat/Completions',
  '//v1/embeddings',
  '/health',
  '/v1/models/a',
  '/v1/models/b',
  '',
  `/v1/${'x'.repeat(80)}`,
];

test('finds what a lookup of the path finds, whatever was asked before', () => {
  const memo = new RouteMemo();
  for (const before of PATHS) {
    for (const path of [before, ...PATHS, before]) {
      const bytes = Buffer.from(`POST ${path} HTTP/1.1`, 'latin1');
      const end = 5 + Buffer.byteLength(path, 'latin1');
      assert.equal(memo.find(bytes, 5, end), findRoute(path), path);
    }
  }
});

test('keeps no bytes of a buffer that is used again', () => {
  const memo = new RouteMemo();
  const buffer = Buffer.from('/v1/embeddings');
  const embeddings = memo.find(buffer, 0, buffer.length);
  buffer.fill('x');
  const again = Buffer.from('/v1/embeddings');
  assert.equal(memo.find(again, 0, again.length), embeddings);
  assert.equal(memo.find(buffer, 0, buffer.length), undefined);
});
