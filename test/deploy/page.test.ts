/** docs/deploy.md names every flag and key there is, no other, and its fleet file loads. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEPLOY_COMMANDS } from '../../src/cli/deploy-flags.ts';
import { deployUsage, deployVerbUsage } from '../../src/cli/deploy-usage.ts';
import { parseFleet } from '../../src/deploy/fleet-file.ts';
import { FLEET_KEYS } from '../../src/deploy/fleet-keys.ts';
import { PROJECT } from '../fakes/built.ts';

const PAGE = readFileSync(join(PROJECT, 'docs', 'deploy.md'), 'utf8');
/** Flags of engines, container runtimes and Slurm that the page mentions. */
const FOREIGN = new Set(['max-model-len', 'swap-space', 'dp']);

test('every flag is explained, and every flag of the page exists', () => {
  const known = new Set(Object.values(DEPLOY_COMMANDS).flatMap(({ flags }) => flags.map(nameOf)));
  for (const name of known) {
    const dashes = name.length === 1 ? '-' : '--';
    assert.match(PAGE, new RegExp(`[\`\\s[]${dashes}${name}[\`\\s ]`), name);
  }
  const prose = PAGE.replace(/^#SBATCH.*$|`--signal=.*?`/gm, '');
  for (const [, name] of prose.matchAll(/(?<![\w-])--([a-z][a-z-]+)/g)) {
    assert.ok(known.has(name!) || FOREIGN.has(name!), `--${name}`);
  }
});

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

test('the fleet file of the page has every key and loads', () => {
  const block = /^```yaml\n([\s\S]*?)^```/m.exec(PAGE)![1]!;
  const { problems } = parseFleet(block, 'fleet.yaml', {});
  assert.deepEqual(problems, []);
  const keys = new Set(Object.values(FLEET_KEYS).flat());
  for (const key of keys) assert.match(block, new RegExp(`(^|[\\s{])${key}:`, 'm'), key);
});

test('the help names every command and flag and keeps within 100 columns', () => {
  const texts = [deployUsage()];
  for (const verb of Object.keys(DEPLOY_COMMANDS) as (keyof typeof DEPLOY_COMMANDS)[]) {
    assert.match(texts[0]!, new RegExp(`^  ${verb} `, 'm'));
    const text = deployVerbUsage(verb);
    for (const { name } of DEPLOY_COMMANDS[verb].flags)
      assert.match(text, new RegExp(`-${name}\\b`));
    texts.push(text);
  }
  for (const line of texts.join('\n').split('\n')) assert.ok(line.length <= 100, line);
});
