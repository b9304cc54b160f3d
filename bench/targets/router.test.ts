import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadAll } from '../../src/config/load.ts';
import { writeConfiguration } from './router.ts';

test('the router is benched with a configuration that it accepts without a word', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-router-'));
  try {
    const file = writeConfiguration({ folder, port: 8123, backendPort: 8124, core: null });
    const { config, endpoints, problems } = await loadAll(file, { env: {} });
    assert.deepEqual(problems, []);
    assert.equal(config?.server.port, 8123);
    assert.equal(config?.server.workers, 1);
    assert.equal(config?.dashboard.enabled, false);
    assert.equal(endpoints.length, 1);
    assert.equal(endpoints[0]?.modelName, 'bench');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
