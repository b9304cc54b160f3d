/** The router under test, started as a user starts it; one worker, one endpoint as a rule. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../process/child.ts';
import { loopbackAddresses } from '../process/loopback.ts';
import type { Target, TargetSetting } from './target.ts';
import { versionLine } from './version.ts';

export const LAUNCHER = fileURLToPath(new URL('../../bin/llm-router', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const WORKER_BUNDLE = fileURLToPath(new URL('../../dist/worker.js', import.meta.url));

/** Tells one build from another, so that a run notices when it is built anew under it. */
export function buildOfRouter(): string {
  const hash = createHash('sha256');
  for (const file of [BUNDLE, WORKER_BUNDLE]) {
    hash.update(existsSync(file) ? readFileSync(file) : 'absent');
  }
  return hash.digest('hex').slice(0, 12);
}

export const router: Target = {
  name: 'router',
  version: () => (existsSync(BUNDLE) ? versionLine(LAUNCHER, '--version') : null),
  start(setting) {
    const file = writeConfiguration(setting);
    const node = setting.shape.tracesGc ? ['env', `LLM_ROUTER_NODE=${tracingNode(setting)}`] : [];
    return new Child('router', setting, [...node, LAUNCHER, 'serve', '-config', file]);
  },
};

/**
 * A Node that traces, with a young generation so small that it is collected often; the first flag
 * is none that NODE_OPTIONS may hold.
 */
function tracingNode({ folder }: TargetSetting): string {
  const file = join(folder, 'tracing-node');
  writeFileSync(
    file,
    `#!/bin/sh\nexec '${process.execPath}' --trace-gc --max-semi-space-size=1 "$@"\n`,
    { mode: 0o755 },
  );
  return file;
}

/** Writes the router's files into the target's folder and returns the main one; tests do too. */
export function writeConfiguration(setting: TargetSetting): string {
  const file = join(setting.folder, 'config.yaml');
  const endpoints = join(setting.folder, 'configs');
  mkdirSync(endpoints);
  writeFileSync(file, configuration(setting, endpoints));
  writeFileSync(join(endpoints, 'self_deployed_bench.yaml'), endpointFile(setting));
  return file;
}

function configuration({ port, shape }: TargetSetting, endpoints: string): string {
  return `
server: { host: 127.0.0.1, port: ${port}, workers: ${shape.workers} }
backends: { config_dir: ${endpoints}, enabled_sources: [self_deployed] }
dashboard: { enabled: false }
log: { level: warn, dir: '' }
`;
}

function endpointFile({ backendPort, shape }: TargetSetting): string {
  const entries = loopbackAddresses(shape.endpoints).map(
    (address) => `
  - model_name: bench
    litellm_params:
      model: openai/bench
      api_base: http://${address}:${backendPort}/v1
      api_key: bench-engine-key
`,
  );
  return `\nmodel_list:${entries.join('')}`;
}
