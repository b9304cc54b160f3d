/** The result as Markdown, for pull requests and notes. */
import type { BenchResult } from '../result.ts';
import { endpointRows, latencyRows, pointRows, verdictLines } from './summary.ts';

export function markdownText(result: BenchResult): string {
  const main = result.runs[result.main_run]!;
  const { numbers } = main;
  const facts = [
    ['Model', result.model_id],
    ['Address', String(result.url)],
    ['Date', result.date],
    ['Duration', `${numbers.duration!.toFixed(1)} s`],
    ['Requests', `${numbers.completed} completed, ${numbers.failed} failed`],
    ['Requests per second', numbers.request_throughput!.toFixed(2)],
    ['Output tokens per second', numbers.output_throughput!.toFixed(1)],
  ];
  const title = result.label === '' ? 'Benchmark' : `Benchmark: ${escaped(result.label)}`;
  const points = result.runs.length > 1 ? result.runs : main.stages;
  const verdicts = verdictLines(result).filter((line) => line !== '');
  const blocks = [
    `# ${title}`,
    ...(verdicts.length === 0
      ? []
      : [verdicts.map((line) => `- ${escaped(line.trim())}`).join('\n')]),
    markdownTable([['', ''], ...facts]),
    ...section('Latency', latencyRows(main)),
    ...section('Runs', points.length === 0 ? [] : pointRows(points)),
    ...section('Endpoints', endpointRows(main)),
    ...section('Errors', errorRows(result)),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function section(title: string, rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : [`## ${title}`, markdownTable(rows)];
}

function errorRows(result: BenchResult): string[][] {
  const { errors } = result.runs[result.main_run]!;
  if (errors.length === 0) return [];
  return [
    ['Error', 'Count', 'Example'],
    ...errors.map(({ error, count, example }) => [error, String(count), example]),
  ];
}

function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows.map((row) => row.map(escaped));
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'));
  return [head, rule, ...rest].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Text of servers must not make tables or HTML of its own. */
function escaped(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[|\\`*_[\]<>]/g, (mark) => `\\${mark}`);
}
