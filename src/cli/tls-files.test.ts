import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/schema.ts';
import { DEFAULTS } from '../config/schema.ts';
import { readTlsFiles } from './tls-files.ts';

const DIR = fileURLToPath(new URL('../../test/fixtures/tls', import.meta.url));

function withFiles(tlsCertFile: string, tlsKeyFile: string): Config {
  return { ...DEFAULTS, server: { ...DEFAULTS.server, tlsCertFile, tlsKeyFile } };
}

describe('TLS files', () => {
  it('means plain HTTP when neither is named', async () => {
    assert.deepEqual(await readTlsFiles(DEFAULTS, DIR), { tlsCert: '', tlsKey: '' });
  });

  it('reads both, relative to the folder of the configuration', async () => {
    const texts = await readTlsFiles(withFiles('cert.pem', 'key.pem'), DIR);
    assert.ok(typeof texts !== 'string');
    assert.match(texts.tlsCert, /BEGIN CERTIFICATE/);
    assert.match(texts.tlsKey, /PRIVATE KEY/);
  });

  it('says in one sentence what is wrong with which file', async () => {
    const cases: [Config, RegExp][] = [
      [withFiles('cert.pem', ''), /go together/],
      [withFiles('absent.pem', 'key.pem'), /^absent\.pem cannot be read \(ENOENT\)$/],
      [withFiles('key.pem', 'cert.pem'), /are not a PEM certificate and its key$/],
    ];
    for (const [config, sentence] of cases) {
      const problem = await readTlsFiles(config, DIR);
      assert.ok(typeof problem === 'string');
      assert.match(problem, sentence);
    }
  });
});
