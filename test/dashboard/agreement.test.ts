/**
 * Every number of the dashboard that is counted elsewhere too is the same there: in `/metrics` and
 * in the engines' own counters, endpoint by endpoint, model by model and in all. The fleet stands
 * still meanwhile, with requests in flight, pending and queued, and each class of failure.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { PROMETHEUS_TYPE } from '../../src/control/metrics/metrics-page.ts';
import { type Family, readMetrics } from '../../src/control/metrics/text-reader-fixture.ts';
import { sleep, untilPasses } from '../fakes/until.ts';
import { type Browser, NO_BROWSER, openBrowser } from './browser.ts';
import { HELD, type KnownFleet, PENDING, QUEUED, startKnownFleet } from './known-fleet.ts';
import { openPlace } from './places.ts';

const COLUMNS = [
  ...['model', 'connections', 'pending', 'send_rpm', 'comp_rpm', 'rpm_limit', 'running', 'waiting'],
  ...['kv_usage', 'ttft_p95_ms', 'errors_rpm', 'errors', 'retries', 'busy', 'total_requests'],
  ...['completed', 'prompt_tokens', 'generation_tokens'],
];
const CLASSES = ['connect', 'status', 'stream', 'timeout'] as const;
const P = 'llm_router_';

type Labels = Readonly<Record<string, string>>;
type Cells = Readonly<Record<string, string>>;

/** The text of each cell by the class or the head of its column; of the error mix, its parts. */
const READ_ROWS = `Object.fromEntries([...document.querySelectorAll('table.endpoints tbody tr')]
  .filter((row) => row.querySelector('a')).map((row) => [row.querySelector('a').title,
    Object.fromEntries([...row.cells].map((cell) => [cell.className.match(/column-(\\w+)/)[1],
      cell.querySelector('.mix')?.title ?? cell.innerText]))]))`;
const READ_OVERVIEW = `({
  tables: [...document.querySelectorAll('main table')].map((table) => Object.fromEntries(
    [...table.tBodies[0].rows].map((row) => [row.cells[0].innerText, Object.fromEntries(
      [...row.cells].map((cell, at) =>
        [table.tHead.rows[0].cells[at].innerText, cell.innerText]))]))),
  facts: Object.fromEntries([...document.querySelectorAll('.system .facts > div')]
    .map((fact) => [fact.children[0].innerText, fact.children[1].innerText])),
  tiles: Object.fromEntries([...document.querySelectorAll('.tile')].map((tile) =>
    [tile.querySelector('dt').innerText, tile.querySelector('dd').innerText])),
})`;

interface OverviewTexts {
  readonly tables: readonly Readonly<Record<string, Cells>>[];
  readonly facts: Cells;
  readonly tiles: Cells;
}

describe('the dashboard under a known load', { skip: NO_BROWSER || false }, () => {
  let fleet: KnownFleet;
  let browser: Browser;
  let page: Page;
  let metrics: Map<string, Family>;

  before(async () => {
    fleet = await startKnownFleet();
    browser = await openBrowser(`${fleet.router.operationsUrl}/`);
    page = browser.page;
    await page.evaluate(`localStorage.setItem('llm-router.columns', '${COLUMNS}')`);
    await page.reload();
  });
  after(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  async function scrape(): Promise<void> {
    const body = await (await fetch(`${fleet.router.operationsUrl}/metrics`)).text();
    metrics = readMetrics({ type: PROMETHEUS_TYPE, body });
  }

  /** The sum of the samples with these labels; 0 when there is none. */
  function metric(name: string, labels: Labels = {}): number {
    const family = metrics.get(`${P}${name}`);
    assert.ok(family, `no metric ${name}`);
    return family.samples.filter(has(labels)).reduce((sum, { value }) => sum + value, 0);
  }

  /** Whether a time shown as a 95th percentile stands in the bucket that holds it. */
  function assertQuantile(shown: string, name: string, labels: Labels): void {
    const samples = metrics.get(`${P}${name}`)!.samples.filter(has(labels));
    const counts = new Map<number, number>();
    for (const { name: sample, labels: own, value } of samples) {
      if (!sample.endsWith('_bucket')) continue;
      const bound = own.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(own.le) * 1000;
      counts.set(bound, (counts.get(bound) ?? 0) + value);
    }
    const bounds = [...counts.keys()].sort((a, b) => a - b);
    const rank = 0.95 * counts.get(Number.POSITIVE_INFINITY)!;
    const at = bounds.findIndex((bound) => counts.get(bound)! >= rank);
    const ms = durationOf(shown);
    // Three digits are shown.
    const from = (bounds[at - 1] ?? 0) * 0.99;
    assert.ok(
      ms >= from && ms <= bounds[at]! * 1.01,
      `${shown} of ${name} in ${from}…${bounds[at]}`,
    );
  }

  test('each endpoint has the numbers of /metrics and of its engine', async () => {
    await openPlace(page, 'endpoints', /steady/);
    await untilPasses(async () => {
      await scrape();
      const rows = (await page.evaluate(READ_ROWS)) as Readonly<Record<string, Cells>>;
      assert.deepEqual(Object.keys(rows).sort(), [...fleet.sims.keys()].sort());
      for (const [id, sim] of fleet.sims) {
        const row = rows[id]!;
        const at = id.indexOf('@');
        const labels = { model: id.slice(0, at), endpoint: id.slice(at + 1) };
        const of = (name: string, more: Labels = {}) => metric(name, { ...labels, ...more });
        const outcome = (name: string) => of('endpoint_attempts_total', { outcome: name });
        const failed = Object.fromEntries(CLASSES.map((name) => [name, outcome(`failed_${name}`)]));
        const failures = CLASSES.reduce((sum, name) => sum + failed[name]!, 0);
        const limit = of('endpoint_rpm_limit');
        const shown = {
          connections: of('endpoint_in_flight'),
          pending: of('endpoint_pending'),
          send_rpm: of('endpoint_requests_sent_total'),
          comp_rpm: outcome('ok'),
          running: of('engine_requests_running'),
          waiting: of('engine_requests_waiting'),
          errors_rpm: failures,
          busy: outcome('busy'),
          total_requests: of('endpoint_requests_sent_total'),
          completed: outcome('ok'),
        };
        for (const [column, value] of Object.entries(shown)) {
          assert.equal(countOf(row[column]!), value, `${id} ${column}`);
        }
        const mix = CLASSES.map((name) => `${name} ${failed[name]}`).join(' · ');
        assert.equal(row.errors, failures === 0 ? '0' : mix, id);
        assert.equal(row.rpm_limit, limit === 0 ? '—' : `${of('endpoint_rpm_used')} / ${limit}`);
        const kv = row.kv_usage === '—' ? 0 : Number.parseFloat(row.kv_usage!) / 100;
        assert.ok(Math.abs(kv - of('engine_kv_cache_usage_ratio')) < 6e-4, `${id} KV ${kv}`);
        if (of('endpoint_time_to_first_token_seconds') > 0) {
          assertQuantile(row.ttft_p95_ms!, 'time_to_first_token_seconds', { model: labels.model });
        } else {
          assert.equal(row.ttft_p95_ms, '—');
        }
        const own = sim.stats();
        assert.deepEqual(
          [own.received, own.running, own.waiting, own.promptTokens, own.generationTokens],
          ['total_requests', 'running', 'waiting', 'prompt_tokens', 'generation_tokens'].map(
            (column) => countOf(row[column]!),
          ),
          id,
        );
      }
    });
    const count = (outcome: string) => metric('endpoint_attempts_total', { outcome });
    for (const outcome of ['ok', 'busy', ...CLASSES.map((name) => `failed_${name}`)]) {
      assert.ok(count(outcome) > 0, `the load has no ${outcome}`);
    }
    assert.deepEqual([metric('endpoint_in_flight'), metric('endpoint_pending')], [HELD, PENDING]);
  });

  test('the overview has the numbers of /metrics', async () => {
    await openPlace(page, 'overview', /Models.*steady/s);
    // Rates are told once a second, and of ten seconds.
    await untilPasses(async () => {
      await sleep(200);
      await scrape();
      const read = (await page.evaluate(READ_OVERVIEW)) as OverviewTexts;
      const { facts, tiles } = read;
      const ended = (name: string) => metric('requests_total', { class: name });
      const unknown = metric('request_errors_total', { code: 'model_not_found' });
      // No model to be counted at.
      const clientErrors = ended('client_error') + unknown;
      const shown = {
        Requests: metric('requests_started_total'),
        Completed: ended('ok'),
        'Client errors': clientErrors,
        'Server errors': ended('server_error'),
        'Client left': ended('client_gone'),
        'Refused heads': metric('heads_rejected_total'),
        'Client connections': metric('client_connections'),
        Workers: metric('workers'),
        'Route table': metric('config_epoch'),
      };
      for (const [name, value] of Object.entries(shown)) {
        assert.equal(countOf(facts[name]!), value, name);
        assert.ok(value > 0, name);
      }
      assert.equal(countOf(tiles['In flight']!), metric('requests_in_progress'));
      assert.equal(countOf(tiles.Queue!), metric('requests_queued'));
      assert.deepEqual(
        [metric('requests_in_progress'), metric('requests_queued')],
        [HELD + QUEUED, QUEUED],
      );
      assert.match(tiles.Requests!, new RegExp(`\\b${metric('retries_total')} retries`));
      const bad = ended('server_error');
      const ratio = (100 * bad) / (bad + ended('ok') + clientErrors);
      assert.ok(
        Math.abs(Number.parseFloat(tiles.Errors!) - ratio) < 0.06,
        `${tiles.Errors}, ${ratio}`,
      );
      assertQuantile(tiles['First token']!, 'time_to_first_token_seconds', {});
      assertQuantile(tiles['Between tokens']!, 'event_interval_seconds', {});
      assertQuantile(tiles['Whole request']!, 'request_duration_seconds', {});
      const [tokensOut, tokensIn] = tiles['Tokens out']!.split('\n');
      assertRate(tokensOut!, 'completion_tokens_total', facts['Up for']!);
      assertRate(tokensIn!, 'prompt_tokens_total', facts['Up for']!);
      for (const table of read.tables) {
        for (const [name, row] of Object.entries(table)) assertGroup(name, row);
      }
    });
  });

  /** Rates are those of the last 60 to 75 seconds, or since the start. */
  function assertRate(shown: string, name: string, uptime: string): void {
    const [, minutes = '0', seconds = '0'] = /^(?:(\d+) min)? ?(?:(\d+) s)?$/.exec(uptime)!;
    const upS = 60 * Number(minutes) + Number(seconds);
    const spanS = metric(name) / Number.parseFloat(shown);
    const isIn = spanS > Math.min(upS, 60) - 3 && spanS < Math.min(upS, 75) + 3;
    assert.ok(isIn, `${shown} of ${name} after ${uptime}`);
  }

  /** A row of the models' table, or of the only source. */
  function assertGroup(name: string, row: Cells): void {
    const labels: Labels = name === 'self_deployed' ? {} : { model: name };
    const attempts = (outcome: string) => metric('endpoint_attempts_total', { ...labels, outcome });
    assert.equal(countOf(row['In flight']!), metric('endpoint_in_flight', labels), name);
    assert.equal(countOf(row['Sent RPM']!), metric('endpoint_requests_sent_total', labels), name);
    assert.equal(countOf(row['Done RPM']!), attempts('ok'), name);
    assert.equal(countOf(row.Completed!), attempts('ok'), name);
    assert.equal(countOf(row.Running!), metric('engine_requests_running', labels), name);
    assert.equal(countOf(row.Waiting!), metric('engine_requests_waiting', labels), name);
    const inState = (state: string) => metric('endpoint_state', { ...labels, state });
    const healthy = inState('healthy') + inState('busy');
    assert.match(row.Healthy!.replaceAll(/\s/g, ''), new RegExp(`^${healthy}/`), name);
    if (row.Pending !== undefined) {
      assert.equal(countOf(row.Pending), metric('endpoint_pending', labels), name);
    }
    if (row['Errors RPM'] === undefined) return;
    const failures = CLASSES.reduce((sum, one) => sum + attempts(`failed_${one}`), 0);
    assert.equal(countOf(row['Errors RPM']), failures, name);
    if (row['TTFT p95'] === '—') return;
    assertQuantile(row['TTFT p95']!, 'time_to_first_token_seconds', labels);
  }
});

function has(wanted: Labels): (sample: { readonly labels: Labels }) => boolean {
  return ({ labels }) => Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** `1,234` → 1234; a dash, for what was never told, counts as none. */
function countOf(text: string): number {
  const number = /^[\d,]+/.exec(text.trim())?.[0];
  if (number === undefined) assert.equal(text, '—');
  return Number((number ?? '0').replaceAll(',', ''));
}

/** `1.84 s` → 1840. */
function durationOf(text: string): number {
  const [, number, unit] = /^([\d.,]+)\s*(ms|s|min)/.exec(text.trim()) ?? [];
  assert.ok(number !== undefined && unit !== undefined, `no duration: ${text}`);
  return Number(number.replaceAll(',', '')) * { ms: 1, s: 1000, min: 60_000 }[unit]!;
}
