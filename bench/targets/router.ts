/** The router under test: one worker, one endpoint, started as a user starts it. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../process/child.ts';
import type { Target, TargetSetting } from './target.ts';
import { versionLine } from './version.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/llm-router', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export const router: Target = {
  name: 'router',
  version: () => (existsSync(BUNDLE) ? versionLine(LAUNCHER, '--version') : null),
  start(setting) {
    const file = writeConfiguration(setting);
    return new Child('router', setting, [LAUNCHER, 'serve', '-config', file]);
  },
};

/** Writes the router's files into the target's folder and returns the main one. */
export function writeConfiguration(setting: TargetSetting): string {
  const file = join(setting.folder, 'config.yaml');
  const endpoints = join(setting.folder, 'configs');
  mkdirSync(endpoints);
  writeFileSync(file, configuration(setting, endpoints));
  writeFileSync(join(endpoints, 'self_deployed_bench.yaml'), endpointFile(setting));
  return file;
}

function configuration({ port }: TargetSetting, endpoints: string): string {
  return `
server: { host: 127.0.0.1, port: ${port}, workers: 1 }
backends: { config_dir: ${endpoints}, enabled_sources: [self_deployed] }
dashboard: { enabled: false }
log: { level: warn }
`;
}

function endpointFile({ backendPort }: TargetSetting): string {
  return `
model_list:
  - model_name: bench
    litellm_params:
      model: openai/bench
      api_base: http://127.0.0.1:${backendPort}/v1
      api_key: bench-engine-key
`;
}
