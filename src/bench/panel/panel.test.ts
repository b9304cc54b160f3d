import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '../measure/series.ts';
import { FAILED, merged, SUCCEEDED, TOKEN_EVENTS } from '../measure/tally.ts';
import type { View } from '../screen.ts';
import { blockChart, progressBar } from './chart.ts';
import { renderLine } from './ink.ts';
import { type PanelHead, panelLines } from './panel.ts';
import { PanelScreen } from './panel-screen.ts';

const HEAD: PanelHead = {
  url: 'http://h/v1/chat/completions',
  model: 'm',
  label: 'rate=5',
  load: {
    stages: [{ label: '', durationMs: 10_000, rate: 5, concurrency: 0 }],
    requests: 0,
    burstiness: 1,
    ramp: 'none',
    rampStartRate: 0,
    rampEndRate: 0,
    byTrace: false,
    seed: 0,
  },
};

function sample(t: number): Sample {
  const times = { ttft_p50: 5, ttft_p99: 9, itl_p50: 1, itl_p99: 2, e2el_p50: 30, e2el_p99: 40 };
  const rates = { sent: 5, qps: 4 + t, failures: 0, tokens: 100 };
  return { t, succeeded: 40, failed: 10, in_flight: 3, ...rates, ...times };
}

function view(): View {
  const total = merged([]);
  total.counts[SUCCEEDED] = 40;
  total.counts[FAILED] = 10;
  total.counts[TOKEN_EVENTS] = 400;
  total.ttft.record(5_000);
  const errors = [['HTTP 503', { count: 10, example: 'busy\nnow \u001b[2J' }]] as const;
  return {
    samples: [sample(1), sample(2), sample(3)],
    total,
    workers: [total],
    states: [{ kind: 'state', busy: 0.25, lagMs: 1.5, waiting: 7, errors }],
    elapsedMs: 5_000,
  };
}

const textOf = (columns: number, rows: number) =>
  panelLines(HEAD, view(), { columns, rows }).map((line) => renderLine(line, columns - 1, false));

test('shows rates, percentiles, success, errors, charts and workers', () => {
  const text = textOf(100, 50).join('\n');
  assert.match(text, /50 % {2}0:05 of 0:10 {2}rate=5/);
  assert.match(text, /QPS 7 +average 8 +completed 40 +failed 10 +success 80\.00 %/);
  assert.match(text, /In flight 0 +waiting 7 +tokens\/s 100/);
  assert.match(text, /Time to first token +5/);
  assert.match(text, /10 × HTTP 503 {2}busy now \\u001b\[2J/);
  assert.match(text, /█/);
  assert.match(text, /\n 1 +8 +0 +40 +10 +25 % +1\.5/);
});

test('fits into any terminal', () => {
  for (const [columns, rows] of [
    [200, 50],
    [80, 24],
    [60, 18],
    [40, 10],
    [20, 3],
  ] as const) {
    const lines = textOf(columns, rows);
    assert.ok(lines.length < rows, `${lines.length} lines in ${rows} rows`);
    for (const line of lines) assert.ok(line.length < columns, line);
  }
  assert.doesNotMatch(textOf(80, 24).join('\n'), /█/);
});

test('colours go around what is left after the cut', () => {
  const line = [
    ['abc', 'good'],
    ['def', 'bad'],
    ['ghi', 'plain'],
  ] as const;
  assert.equal(renderLine(line, 4, true), '\x1b[32mabc\x1b[0m\x1b[31md\x1b[0m');
  assert.equal(renderLine(line, 4, false), 'abcd');
});

test('charts rise to their maximum and show gaps', () => {
  assert.deepEqual(blockChart([0, 4, 8, null], 4, 1), [' ▄█ ']);
  assert.deepEqual(blockChart([8, 16], 3, 2), ['  █', ' ██']);
  assert.deepEqual(blockChart([0.01, 8], 2, 1), ['▁█']);
  assert.equal(progressBar(0.5, 4), '━━╌╌');
  assert.equal(progressBar(7, 4), '━━━━');
});

test('each frame is drawn over the last, and the cursor comes back', () => {
  let written = '';
  const terminal = { columns: 90, rows: 40, write: (text: string) => (written += text) };
  const screen = new PanelScreen(terminal, false);
  screen.begin({ ...HEAD });
  screen.show(view());
  const height = written.split('\n').length - 1;
  assert.doesNotMatch(written, /\x1b\[\d+A/);
  screen.show(view());
  assert.ok(written.includes(`\x1b[${height}A`));
  screen.end();
  assert.ok(written.endsWith('\x1b[?25h'));
});
