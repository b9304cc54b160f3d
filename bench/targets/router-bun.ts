/** The same router, configured the same, on Bun (docs/decisions/0012-runtime.md). */
import { spawnSync } from 'node:child_process';
import { Child } from '../process/child.ts';
import { LAUNCHER, router, writeConfiguration } from './router.ts';
import type { Target } from './target.ts';

const ON_BUN = 'LLM_ROUTER_RUNTIME=bun';

export const routerBun: Target = {
  name: 'router-bun',
  /** Null also where there is no Bun that runs. */
  version() {
    const runs = spawnSync('env', [ON_BUN, LAUNCHER, '--version'], { timeout: 10_000 });
    return runs.status === 0 ? router.version() : null;
  },
  start(setting) {
    const file = writeConfiguration(setting);
    return new Child('router-bun', setting, ['env', ON_BUN, LAUNCHER, 'serve', '-config', file]);
  },
};
