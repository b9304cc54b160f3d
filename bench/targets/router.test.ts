import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadAll } from '../../src/config/load.ts';
import { writeConfiguration } from './router.ts';
import { USUAL_SHAPE } from './target.ts';

async function loaded(shape: Partial<typeof USUAL_SHAPE>) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-router-'));
  try {
    const setting = { folder, port: 8123, backendPort: 8124, core: null };
    const file = writeConfiguration({ ...setting, shape: { ...USUAL_SHAPE, ...shape } });
    return await loadAll(file, { env: {} });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the router is benched with a configuration that it accepts without a word', async () => {
  const { config, endpoints, problems } = await loaded({});
  assert.deepEqual(problems, []);
  assert.equal(config?.server.port, 8123);
  assert.equal(config?.server.workers, 1);
  assert.equal(config?.dashboard.enabled, false);
  assert.equal(endpoints.length, 1);
  assert.equal(endpoints[0]?.modelName, 'bench');
});

test('a shape of many endpoints and workers is accepted too', async () => {
  const { config, endpoints, problems } = await loaded({ workers: 2, endpoints: 1000 });
  assert.deepEqual(problems, []);
  assert.equal(config?.server.workers, 2);
  assert.equal(endpoints.length, 1000);
  assert.ok(endpoints.every(({ modelName }) => modelName === 'bench'));
});
