/**
 * The page docs/performance.md, made of a result file alone: machine, commands, goals with what was
 * missed, and the tables. No figure on it is written by hand.
 */
import { type Outcome, outcomes, roundsOf } from './goals.ts';
import { spreadOf } from './measure/stats.ts';
import { formatSpread, formatTable, type Table } from './measure/table.ts';
import type { Report } from './report.ts';
import { ALL_SCENARIOS } from './scenarios/all.ts';

/** The text of the page. */
export function performancePage(report: Report): string {
  const sections = [
    INTRO,
    machine(report),
    COMMANDS,
    goals(outcomes(report)),
    ...ALL_SCENARIOS.flatMap((scenario) => {
      const rounds = roundsOf(report, scenario.name);
      if (rounds.size === 0) return [];
      const tables = scenario.tabulate(rounds, report.options).map(tableSection);
      return [`## Scenario \`${scenario.name}\``, ...tables];
    }),
  ];
  return `${sections.join('\n\n')}\n`;
}

const INTRO = `<!-- Written by bench/performance-doc.ts from a result file; do not edit. -->
# Performance

What LLM Router costs beside nginx and HAProxy: the same backend and the same load in alternating
rounds of one run on one machine. Ratios are what to compare, and they are formed within each round
before the median is taken; absolute figures belong to the machine. A cell is the median over the
rounds, with the smallest and the largest value in parentheses where they differ.`;

const COMMANDS = `## Commands

\`\`\`sh
npm ci && npm run build
npm run bench              # everything; writes bench-results/bench.json
npm run bench -- --quick   # shows that it runs, is no measurement
npm run bench -- --doc     # writes this page from bench-results/bench.json
npm run bench -- --help    # single scenarios, targets, sizes
\`\`\`

nginx and HAProxy take part where they are installed. Their configurations are in
\`bench/targets/nginx.ts\` and \`bench/targets/haproxy.ts\`: one worker, keep-alive on both sides,
\`proxy_buffering off\` and \`option http-no-delay\`.`;

const NO_MEASUREMENT = ', a quick run: **no measurement**';

/** CPU of other processes, in percent of one core, that a measurement bears. */
const QUIET_PERCENT = 15;

function machine(report: Report): string {
  const { at, machine: here, options } = report;
  const versions = Object.entries(here.versions).filter(([target]) => target !== 'direct');
  const { rounds, seconds, warmupSeconds } = options;
  const intervals = `${rounds} × ${seconds} s after ${warmupSeconds} s of warm-up`;
  const lines = [
    ['Measured', at.slice(0, 10) + (options.quick ? NO_MEASUREMENT : '')],
    ['Machine', `${here.cpu}, ${here.cores} cores, ${Math.round(here.memoryMiB / 1024)} GiB`],
    ['System', `Linux ${here.kernel}, Node ${here.node}`],
    ['Placement', here.pinning.description],
    ['Load average before', here.loadBefore.toFixed(2)],
    ['Rounds', `${intervals}; costly scenarios take fewer`],
    ...versions.map(([target, version]) => [target, version]),
  ];
  const list = lines.map(([name, value]) => `- ${name}: ${value}`).join('\n');
  return `## Machine\n\n${list}${disturbance(report)}`;
}

/** How much of the machine was somebody else's while it was measured: a page must own up. */
function disturbance({ scenarios }: Report): string {
  const shares = ['requests', 'events'].flatMap((scenario) =>
    Object.values(scenarios[scenario] ?? {}).flatMap(({ rounds }) =>
      rounds.map(({ othersShare }) => othersShare ?? null),
    ),
  );
  const spread = spreadOf(shares);
  if (spread === null || spread.median < QUIET_PERCENT) return '';
  return (
    `\n\n**The machine was not quiet**: other processes took ${formatSpread(spread, 0)} % of one ` +
    'core meanwhile. Delays and throughput say little then, ratios of CPU time somewhat more.'
  );
}

function goals(all: readonly Outcome[]): string {
  const table = formatTable({
    title: '## Goals',
    columns: ['goal', 'at most', 'aim', 'measured', 'unit', 'verdict'],
    rows: all.map(({ goal, spread, verdict }) => [
      goal.text,
      String(goal.limit),
      goal.aim === undefined ? '–' : String(goal.aim),
      formatSpread(spread, goal.digits),
      goal.unit,
      verdict,
    ]),
    notes: [],
  });
  return `${table.trim()}\n\n${misses(all)}`;
}

function misses(all: readonly Outcome[]): string {
  const missed = all.filter(({ verdict }) => verdict === 'missed');
  const absent = all.filter(({ verdict }) => verdict === 'not measured');
  const lines = missed.map(({ goal, spread }) => {
    const measured = formatSpread(spread, goal.digits);
    return `- **${goal.text}**: ${measured} ${goal.unit} instead of at most ${goal.limit}.`;
  });
  const head = missed.length === 0 ? 'No goal was missed.' : `Missed, ${missed.length} of them:\n`;
  const rest = absent.map(({ goal }) => `- Not measured in this run: ${goal.text}.`);
  return [head, ...lines, ...(rest.length > 0 ? ['', ...rest] : [])].join('\n');
}

function tableSection(table: Table): string {
  const { title, notes } = table;
  return formatTable({ ...table, title: `### ${title}`, notes: [notes.join('\n\n')] }).trim();
}
