/**
 * What docs/operations.md tells people to type and to look for exists: commands with their flags,
 * routes of the admin API, error codes, metrics, alerts, sentences of the log. (Links, paths and
 * options are looked after by docs.test.ts.)
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseArgs } from '../src/cli/args.ts';
import { ALL_METRICS } from '../src/control/metrics/metric-table.ts';
import { ERRORS } from '../src/core/errors.ts';

const ROOT = resolve(import.meta.dirname, '..');
const PAGE = read('docs/operations.md');
const SOURCES = globSync('src/**/*.ts', { cwd: ROOT })
  .filter((file) => !file.endsWith('.test.ts'))
  .map(read)
  .join('\n')
  .replace(/\\'/g, "'");

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Every match of the pattern's first group, once. */
function named(pattern: RegExp, text = PAGE): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1]!))];
}

/** The part of the page below a heading, up to the next one of the same level. */
function section(heading: string): string {
  const from = PAGE.indexOf(`\n## ${heading}\n`);
  assert.ok(from >= 0, heading);
  const to = PAGE.indexOf('\n## ', from + 1);
  return PAGE.slice(from, to < 0 ? undefined : to);
}

test('every command line of the runbook is understood', () => {
  const commands = named(/(?:^|`|\$ )(?:bin\/)?llm-router ((?:[a-z]+ ?)[^`\n#;|]*)/gm)
    .map((words) => words.trim().split(/\s+/))
    .filter(([verb]) => verb !== 'deploy' && verb !== 'is');
  assert.ok(commands.length > 12, `only ${commands.length} commands were found`);
  for (const words of commands) {
    assert.deepEqual(parseArgs(words).problems, [], words.join(' '));
  }
});

test('every route of the admin API that the runbook names exists', () => {
  const known = named(/^### (?:[A-Z]+) (\/\S+)$/gm, read('docs/admin-api.md'));
  const routes = named(/(\/(?:admin|api)\/[\w/{}$-]*[\w}])/g);
  assert.ok(routes.length > 8, routes.join(' '));
  for (const route of routes) {
    const plain = route.replace(/\$ID|ID$/, '{id}');
    assert.ok(known.includes(plain), route);
  }
});

test('every metric that the runbook names exists', () => {
  const known = ALL_METRICS.map(({ name }) => name);
  const metrics = named(/\b((?:llm_router|process)_[a-z0-9_]+[a-z0-9])\b/g);
  assert.ok(metrics.length > 12, metrics.join(' '));
  for (const metric of metrics) {
    assert.ok(known.includes(metric.replace(/_(sum|count|bucket)$/, '')), metric);
  }
});

test('every error code that the runbook names exists', () => {
  const rows = ['Clients get errors', 'Streams break'].map(section).join('\n');
  const codes = named(/`([a-z]+(?:_[a-z]+)+)`/g, rows).filter(
    (code) => !code.includes('llm_router'),
  );
  const others = ['rpm_limit', 'tpm_limit', 'max_parallel_requests', 'api_key', 'stream_timeout'];
  const unknown = codes.filter((code) => !others.includes(code) && !Object.hasOwn(ERRORS, code));
  assert.deepEqual(unknown, []);
  assert.ok(codes.length > 20, codes.join(' '));
});

test('a server error that clients can see is in the runbook', () => {
  const text = ['Clients get errors', 'Streams break', 'Start'].map(section).join('\n');
  const seldom = ['internal_error', 'unsupported_coding', 'unsupported_version'];
  const repeated = ['connect_refused', 'stale_connection'];
  for (const [code, { status }] of Object.entries(ERRORS)) {
    if ((status < 500 && status !== 429) || [...seldom, ...repeated].includes(code)) continue;
    assert.ok(text.includes(`\`${code}\``), code);
  }
});

test('the runbook has every alert rule of the examples, and no other', () => {
  interface Rules {
    readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
  }
  const { groups } = parse(read('examples/prometheus/alerts.yml')) as Rules;
  const rules = groups.flatMap((group) => group.rules.map(({ alert }) => alert)).sort();
  const explained = named(/`(LlmRouter\w+)`/g, section('Alerts: silent, or too many')).sort();
  assert.deepEqual(explained, rules);
});

test('every line of the log that the page explains is written by the code', () => {
  const table = PAGE.slice(PAGE.indexOf('\n### Lines of the log\n'), PAGE.indexOf('\n## Alerts\n'));
  const cells = [...table.matchAll(/^\| (`.+?`) \| (?:debug|info|warn|error)/gm)].map(
    ([, c]) => c!,
  );
  const lines = cells.flatMap((cell) => named(/`([^`]+)`/g, cell));
  assert.ok(lines.length > 25, `only ${lines.length} lines were found`);
  const missing = lines.filter((line) => !SOURCES.includes(line.replace(/…$/, '').trim()));
  assert.deepEqual(missing, []);
});

test('every line of the log that the code writes is explained by the page', () => {
  const calls = SOURCES.matchAll(/\blog\.(?:info|warn|error)\(((?:[^()]|\([^()]*\))*)\)/g);
  const lines = [...calls].flatMap(([, given]) => /'([^'\n]+)',?\s*$/.exec(given!)?.[1] ?? []);
  assert.ok(lines.length > 30, `only ${lines.length} lines were found`);
  const missing = lines.filter((line) => !PAGE.includes(`\`${line.split(/[;:]/)[0]!}`));
  assert.deepEqual(missing, []);
});
