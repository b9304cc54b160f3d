/** `llm-router bench --help`, written from the table of flags. */
import { type BenchFlag, GROUPS } from './flags.ts';

export function benchHelp(): string {
  const lines = [
    'llm-router bench: measures engines and routers.',
    '',
    'Usage:',
    '  llm-router bench -u http://localhost:8000 -c 64 -d 30s',
    '  llm-router bench -u http://localhost:8000 -request-rate 20 -n 1k -html report.html',
    '  llm-router bench compare BEFORE.json AFTER.json',
    '',
  ];
  for (const [title, flags] of GROUPS) {
    lines.push(`${title}:`);
    for (const row of Object.values(flags)) lines.push(...flagLines(row));
    lines.push('');
  }
  lines.push(
    'Numbers may be 10k or 1m, durations 500ms, 30s, 5m; a bare duration is seconds.',
    'Flags take one dash or two. Ctrl-C ends in order, a second one at once.',
    'Exit codes: 0 done, 1 failure, 2 usage, 4 an objective (-slo) was missed.',
    '',
  );
  return lines.join('\n');
}

function flagLines({ names, kind, fallback, doc, choices }: BenchFlag): string[] {
  const [first, ...others] = names;
  const value = kind === 'switch' ? '' : choices.length > 0 ? ` ${choices.join('|')}` : ` ${kind}`;
  const also = others.length === 0 ? '' : `, ${others.map((name) => `-${name}`).join(', ')}`;
  const usual = fallback === '' ? '' : ` (default ${fallback})`;
  return [`  -${first}${also}${value}`, `      ${doc}${usual}`];
}
