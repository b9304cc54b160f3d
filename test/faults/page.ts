/** docs/reliability.md from the results of the long runs. */
import type { Finding } from './fault.ts';

export interface Result {
  readonly title: string;
  readonly provoked: string;
  readonly seen: string;
  readonly tookMs: number;
  readonly findings: readonly Finding[];
}

export interface Report {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGib: number;
    readonly kernel: string;
    readonly node: string;
    /** Load averages of a minute: others at work blur every figure. */
    readonly loadBefore: number;
    readonly loadAfter: number;
  };
  readonly results: readonly Result[];
}

const INTRODUCTION = `# What the router survives

Each row is a fault that was provoked on purpose, on real sockets between real processes: what was
done, what a client sees of it, and what was measured against what is promised. Nothing on this
page is written by hand: \`npm run e2e:faults\` provokes every fault again and writes it anew
(beside it \`bench-results/faults.json\`, with the same figures). Short forms of all of them run
with every \`./test.sh test/faults\`.
`;

const NOTES = `## How to read it

- "reported" means that nothing was promised; the figure is there to be known.
- A byte offset counts everything the engine sends, its head and the framing of chunks included.
  Up to the first whole event nothing has reached the client, so the engine can be replaced or the
  truth told with a status; here there is only one engine, so it is a 502.
- A death behind \`[DONE]\`, in the last bytes of the framing, makes the official OpenAI SDK raise
  a broken connection although it has everything: honest, if needlessly so.
- Times are taken by the test process, whose own delays are in them. Where the engine cannot tell
  when its connection ended, the kernel's list of the router's sockets is looked at.
- A body that drips a byte at a time never makes a pause that \`timeouts.body_gap_ms\` could
  notice: what ends it is \`http_client.request_timeout\`. Lower that, or put a limit of
  connections in front, where strangers can connect.
- Under a limit of open files the kernel's queue is emptied by closing what cannot be served; a
  client sees a closed connection and its library tries again. Give the router a limit of twice
  the streams it should carry, and some hundred more.
- Readers at a byte a second are cut off after \`timeouts.write_stall_ms\` in production, as the
  row about slow reading shows; that timer is off where their memory is measured.
`;

export function pageOf({ machine, results }: Report): string {
  const missed = results.flatMap(({ title, findings }) =>
    findings.filter(({ passed }) => !passed).map((finding) => missOf(title, finding)),
  );
  const seconds = results.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1000;
  return [
    INTRODUCTION,
    `Machine: ${machine.cores} × ${machine.cpu}, ${machine.memoryGib} GiB, Linux ` +
      `${machine.kernel}, Node ${machine.node}; clients, engines and router on the same cores.`,
    `Load average ${machine.loadBefore.toFixed(1)} before and ${machine.loadAfter.toFixed(1)} ` +
      `after the run, which took ${(seconds / 60).toFixed(0)} minutes.\n`,
    '| fault | how provoked | what the client sees | measured (promised) | |',
    '|---|---|---|---|---|',
    ...results.map(rowOf),
    '',
    '## Promises missed in this run',
    '',
    ...(missed.length === 0 ? ['None.'] : missed),
    '',
    NOTES,
  ].join('\n');
}

function rowOf({ title, provoked, seen, findings }: Result): string {
  const figures = findings.map(
    ({ what, measured, limit }) => `${what}: **${measured}** (${limit})`,
  );
  const verdict = findings.every(({ passed }) => passed) ? 'pass' : '**miss**';
  return `| ${[title, provoked, seen, figures.join('<br>'), verdict].map(cell).join(' | ')} |`;
}

function missOf(title: string, { what, measured, limit }: Finding): string {
  return `- ${title}: ${what}: ${measured}; promised: ${limit}.`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
