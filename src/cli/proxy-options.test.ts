import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Config, DEFAULTS } from '../config/schema.ts';
import { KeyPlaces } from '../control/key-places.ts';
import { proxyOptions } from './proxy-options.ts';

const CONFIG: Config = {
  ...DEFAULTS,
  server: { ...DEFAULTS.server, retryBufferBytes: 1000 },
  routing: { ...DEFAULTS.routing, maxQueue: 10 },
  httpClient: { ...DEFAULTS.httpClient, maxIdleConns: 7, maxConnsPerHost: 9 },
  monitor: { ...DEFAULTS.monitor, collectIntervalMs: 2000 },
};

function optionsOf(workers: number) {
  return proxyOptions(CONFIG, {
    port: 1,
    workers,
    tlsCert: '',
    tlsKey: '',
    keyPlaces: new KeyPlaces(),
  });
}

test('what all workers together may have is shared, rounded up', () => {
  const { maxQueue, maxIdleConns, retryBufferBytes } = optionsOf(3);
  assert.deepEqual([maxQueue, maxIdleConns, retryBufferBytes], [4, 3, 334]);
});

test('a limit that workers count together is not shared', () => {
  assert.equal(optionsOf(3).maxConnsPerHost, 9);
});

test('only several workers share the port, so that one alone notices another router', () => {
  assert.deepEqual([optionsOf(1).reusePort, optionsOf(2).reusePort], [false, true]);
});

test('a report is stale after three missed scrapes', () => {
  assert.equal(optionsOf(1).reportStaleMs, 6000);
});
