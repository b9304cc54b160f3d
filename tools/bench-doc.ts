/**
 * Writes what users read about `llm-router bench` from its tables: docs/bench-flags.md and the JSON
 * Schema of results. `--check` writes nothing and exits 1 when a file is stale.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type BenchFlag, GROUPS } from '../src/bench/flags.ts';
import { benchSchema } from './bench-schema.ts';
import { compact } from './config-schema.ts';

const OUTPUTS: readonly (readonly [path: string, render: () => string])[] = [
  ['docs/bench-flags.md', renderFlags],
  ['docs/bench-result.schema.json', () => `${compact(JSON.stringify(benchSchema(), null, 2))}\n`],
];

for (const [path, render] of OUTPUTS) {
  if (existsSync(path) && readFileSync(path, 'utf8') === render()) continue;
  if (process.argv.includes('--check')) {
    console.error(`${path} is stale: run node tools/bench-doc.ts`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, render());
    console.log(`wrote ${path}`);
  }
}

function renderFlags(): string {
  const sections = GROUPS.map(([title, flags]) => {
    const rows = Object.values(flags).map(flagRow);
    const head = ['| Flag | Value | Default | Meaning |', '|---|---|---|---|'];
    return [`## ${title}`, '', ...head, ...rows].join('\n');
  });
  const intro =
    '<!-- Written by tools/bench-doc.ts from src/bench/flags.ts; do not edit. -->\n' +
    '# Flags of llm-router bench\n\n' +
    'Flags take one dash or two. Numbers may be `10k` or `1m`; durations `500ms`, `30s`, `5m`,\n' +
    'and a bare duration is seconds. How to use them: [benchmarking.md](benchmarking.md).';
  return `${[intro, ...sections].join('\n\n')}\n`;
}

function flagRow({ names, kind, fallback, doc, choices }: BenchFlag): string {
  const flags = names.map((name) => `\`-${name}\``).join(', ');
  const value = choices.length > 0 ? choices.join(', ') : kind === 'switch' ? '' : kind;
  return `| ${flags} | ${value} | ${fallback} | ${doc.replaceAll('|', '\\|')} |`;
}
