/** The Bun that tests run: the one named by LLM_ROUTER_BUN, else the pinned one. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../fakes/built.ts';

/** Undefined where there is none that runs, as without development dependencies. */
export const BUN: string | undefined =
  process.env.LLM_ROUTER_BUN ??
  globSync(join(PROJECT, 'node_modules/@oven/bun-*/bin/bun')).find(
    (file) => spawnSync(file, ['--version']).status === 0,
  );

export const NO_BUN = BUN === undefined && 'no Bun in node_modules';
