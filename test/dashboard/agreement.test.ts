/**
 * Every number of the dashboard that is counted elsewhere too is the same there: in `/metrics` and
 * in the engines' own counters, endpoint by endpoint, model by model and in all. The fleet stands
 * still meanwhile, with requests in flight, pending and queued, and each class of failure.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Sim } from '../../src/sim/engine.ts';
import { sleep, untilPasses } from '../fakes/until.ts';
import { type Browser, NO_BROWSER, openBrowser } from './browser.ts';
import { HELD, type KnownFleet, PENDING, QUEUED, startKnownFleet } from './known-fleet.ts';
import { type Bounds, type Labels, type Look, MetricsTrail, type Span } from './metrics-trail.ts';
import { openPlace } from './places.ts';

const COLUMNS = [
  ...['model', 'connections', 'pending', 'send_rpm', 'comp_rpm', 'rpm_limit', 'running', 'waiting'],
  ...['kv_usage', 'ttft_p95_ms', 'completion_tokens_per_s', 'errors_rpm', 'errors', 'retries'],
  ...['busy', 'total_requests', 'completed', 'prompt_tokens', 'generation_tokens'],
];
const CLASSES = ['connect', 'status', 'stream', 'timeout'] as const;

/** The last minute is 60 samples, or up to 75 s; and a page may lag a little. */
const MINUTE: Span = { leastMs: 59_000, mostMs: 78_000 };
const TEN_SECONDS: Span = { leastMs: 9000, mostMs: 13_000 };

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
  let metrics: MetricsTrail;
  let browser: Browser;
  let page: Page;

  before(async () => {
    fleet = await startKnownFleet();
    metrics = new MetricsTrail(fleet.router.operationsUrl);
    await metrics.read();
    metrics.start();
    await fleet.load();
    browser = await openBrowser(`${fleet.router.operationsUrl}/`);
    page = browser.page;
    await page.evaluate(`localStorage.setItem('llm-router.columns', '${COLUMNS}')`);
    await page.reload();
  });
  after(async () => {
    await metrics?.stop();
    await browser?.close();
    await fleet?.stop();
  });

  const metric = (name: string, labels: Labels = {}) => metrics.now(name, labels);

  /** Of failed attempts in the last minute, in all classes. */
  function failedIn(labels: Labels, at: Look): Bounds {
    return added(
      CLASSES.map((name) => {
        const outcome = `failed_${name}`;
        return metrics.risen('endpoint_attempts_total', { ...labels, outcome }, at, MINUTE);
      }),
    );
  }

  /** The counts of the last minute in a row of a table, by their names there. */
  function assertMinute(row: Cells, labels: Labels, at: Look, names: MinuteNames): void {
    const risen = (name: string, more: Labels = {}) =>
      metrics.risen(name, { ...labels, ...more }, at, MINUTE);
    const [sent, completed, errors] = names;
    const told = JSON.stringify(labels);
    assertWithin(countOf(row[sent]!), risen('endpoint_requests_sent_total'), `${told} ${sent}`);
    const ok = risen('endpoint_attempts_total', { outcome: 'ok' });
    assertWithin(countOf(row[completed]!), ok, `${told} ${completed}`);
    if (row[errors] === undefined) return;
    assertWithin(countOf(row[errors]), failedIn(labels, at), `${told} ${errors}`);
  }

  /** Whether a time shown as a quantile of the last minute stands in the bucket that holds it. */
  function assertQuantile(
    text: string,
    name: string,
    labels: Labels,
    { at, q = 0.95 }: Quantile,
  ): void {
    // A tile has a note below.
    const shown = text.split('\n')[0]!;
    const buckets = [...metrics.buckets(name, labels, at, MINUTE)];
    const all = buckets.at(-1)![1];
    if (all.most === 0 || (all.least === 0 && shown === '—')) {
      assert.equal(shown, '—', name);
      return;
    }
    // What is just growing old may be counted or not.
    const reaches = ({ most }: Bounds) => most >= q * all.least && most > 0;
    const passes = ({ least }: Bounds) => least >= q * all.most;
    const first = buckets.findIndex(([, count]) => reaches(count));
    const last = buckets.findIndex(([, count]) => passes(count));
    const from = (buckets[first - 1]?.[0] ?? 0) * 1000;
    const to = (buckets[last]?.[0] ?? Number.POSITIVE_INFINITY) * 1000;
    const ms = durationOf(shown);
    // Three digits are shown.
    assert.ok(ms >= from * 0.99 && ms <= to * 1.01, `${shown} of ${name} in ${from}…${to}`);
  }

  /** Rates are those of the last 60 to 75 seconds, or since the start. */
  function assertRate(shown: string, name: string, labels: Labels, { at, upS }: Rate): void {
    const { least, most } = metrics.risen(name, labels, at, MINUTE);
    // A dash, or that there is no traffic.
    if (!/^\d/.test(shown)) {
      assert.equal(least, 0, `${name} is not shown`);
      return;
    }
    const perS = Number.parseFloat(shown.replaceAll(',', ''));
    const from = least / (Math.min(upS, 75) + 3);
    const to = most / (Math.min(upS, 60) - 3);
    // Three digits are shown.
    assert.ok(perS >= from * 0.99 && perS <= to * 1.01, `${shown} of ${name} in ${from}…${to}`);
  }

  /** A row of the table of endpoints. */
  function assertEndpoint(id: string, sim: Sim, row: Cells, rate: Rate): void {
    const { at } = rate;
    const cut = id.indexOf('@');
    const labels = { model: id.slice(0, cut), endpoint: id.slice(cut + 1) };
    const { model } = labels;
    const of = (name: string, more: Labels = {}) => metric(name, { ...labels, ...more });
    const outcome = (name: string) => of('endpoint_attempts_total', { outcome: name });
    const failed = Object.fromEntries(CLASSES.map((name) => [name, outcome(`failed_${name}`)]));
    const failures = CLASSES.reduce((sum, name) => sum + failed[name]!, 0);
    const limit = of('endpoint_rpm_limit');
    const shown = {
      connections: of('endpoint_in_flight'),
      pending: of('endpoint_pending'),
      running: of('engine_requests_running'),
      waiting: of('engine_requests_waiting'),
      busy: outcome('busy'),
      // A model has one endpoint here: what failed there is repeated there.
      retries: of('endpoint_repeats_total'),
      total_requests: of('endpoint_requests_sent_total'),
      completed: outcome('ok'),
    };
    for (const [column, value] of Object.entries(shown)) {
      assert.equal(countOf(row[column]!), value, `${id} ${column}`);
    }
    assertMinute(row, labels, at, ['send_rpm', 'comp_rpm', 'errors_rpm']);
    const mix = CLASSES.map((name) => `${name} ${failed[name]}`).join(' · ');
    assert.equal(row.errors, failures === 0 ? '0' : mix, id);
    assert.equal(row.rpm_limit, limit === 0 ? '—' : `${of('endpoint_rpm_used')} / ${limit}`);
    const kv = row.kv_usage === '—' ? 0 : Number.parseFloat(row.kv_usage!) / 100;
    assert.ok(Math.abs(kv - of('engine_kv_cache_usage_ratio')) < 6e-4, `${id} KV ${kv}`);
    assertQuantile(row.ttft_p95_ms!, 'time_to_first_token_seconds', { model }, { at });
    assertRate(row.completion_tokens_per_s!, 'completion_tokens_total', labels, rate);
    const own = sim.stats();
    assert.deepEqual(
      [own.received, own.running, own.waiting, own.promptTokens, own.generationTokens],
      ['total_requests', 'running', 'waiting', 'prompt_tokens', 'generation_tokens'].map((column) =>
        countOf(row[column]!),
      ),
      id,
    );
  }

  test('each endpoint has the numbers of /metrics and of its engine', async () => {
    await openPlace(page, 'overview', /Up for/);
    const { facts } = (await page.evaluate(READ_OVERVIEW)) as OverviewTexts;
    const openedS = secondsOf(facts['Up for']!);
    const openedMs = performance.now();
    await openPlace(page, 'endpoints', /steady/);
    await untilPasses(async () => {
      const { seen, at } = await metrics.around(() => page.evaluate(READ_ROWS));
      const rows = seen as Readonly<Record<string, Cells>>;
      assert.deepEqual(Object.keys(rows).sort(), [...fleet.sims.keys()].sort());
      for (const [id, sim] of fleet.sims) {
        const upS = openedS + (at.fromMs - openedMs) / 1000;
        assertEndpoint(id, sim, rows[id]!, { at, upS });
      }
    });
    const count = (outcome: string) => metric('endpoint_attempts_total', { outcome });
    for (const outcome of ['ok', 'busy', ...CLASSES.map((name) => `failed_${name}`)]) {
      assert.ok(count(outcome) > 0, `the load has no ${outcome}`);
    }
    assert.ok(metric('endpoint_repeats_total') > 0, 'the load has no repeats');
    assert.deepEqual([metric('endpoint_in_flight'), metric('endpoint_pending')], [HELD, PENDING]);
  });

  test('the overview has the numbers of /metrics', async () => {
    await openPlace(page, 'overview', /Models.*steady/s);
    // Rates are told once a second.
    await untilPasses(async () => {
      await sleep(200);
      const { seen, at } = await metrics.around(() => page.evaluate(READ_OVERVIEW));
      const { facts, tiles, tables } = seen as OverviewTexts;
      assertTotals(facts);
      assert.equal(countOf(tiles['In flight']!), metric('requests_in_progress'));
      assert.equal(countOf(tiles.Queue!), metric('requests_queued'));
      assert.deepEqual(
        [metric('requests_in_progress'), metric('requests_queued')],
        [HELD + QUEUED, QUEUED],
      );
      const rate = { at, upS: secondsOf(facts['Up for']!) };
      assertTraffic(tiles, rate);
      assertQuantile(tiles['First token']!, 'time_to_first_token_seconds', {}, { at });
      const median = / p50 (.*)$/.exec(tiles['First token']!)?.[1] ?? '—';
      assertQuantile(median, 'time_to_first_token_seconds', {}, { at, q: 0.5 });
      assertQuantile(tiles['Between tokens']!, 'event_interval_seconds', {}, { at });
      assertQuantile(tiles['Whole request']!, 'request_duration_seconds', {}, { at });
      assertQuantile(tiles['Router overhead']!, 'overhead_seconds', {}, { at, q: 0.99 });
      const [tokensOut, tokensIn] = tiles['Tokens out']!.split('\n');
      assertRate(tokensOut!, 'completion_tokens_total', {}, rate);
      assertRate(tokensIn!, 'prompt_tokens_total', {}, rate);
      for (const table of tables) {
        for (const [name, row] of Object.entries(table)) assertGroup(name, row, rate);
      }
    });
  });

  /** What is counted since the start. */
  function assertTotals(facts: Cells): void {
    const ended = (name: string) => metric('requests_total', { class: name });
    const shown = {
      Requests: metric('requests_started_total'),
      Completed: ended('ok'),
      // No model to be counted at.
      'Client errors':
        ended('client_error') + metric('request_errors_total', { code: 'model_not_found' }),
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
  }

  /** Requests per second, retries and the share of errors. */
  function assertTraffic(tiles: Cells, { at, upS }: Rate): void {
    const risen = (name: string, labels: Labels = {}) => metrics.risen(name, labels, at, MINUTE);
    const started = metrics.risen('requests_started_total', {}, at, TEN_SECONDS);
    const perS = Number.parseFloat(tiles.Requests!);
    const from = started.least / Math.min(10, upS + 1);
    const to = started.most / Math.min(10, upS - 1);
    assert.ok(perS >= from * 0.99 && perS <= to * 1.01, `${perS}/s in ${from}…${to}`);
    const [, retries] = /\n(\d+) retries in all/.exec(tiles.Requests!)!;
    assert.equal(Number(retries), metric('retries_total'));
    const bad = risen('requests_total', { class: 'server_error' });
    const others = added([
      risen('requests_total', { class: 'ok' }),
      risen('requests_total', { class: 'client_error' }),
      risen('request_errors_total', { code: 'model_not_found' }),
    ]);
    if (tiles.Errors!.startsWith('—')) {
      assert.equal(bad.least + others.least, 0, 'errors');
      return;
    }
    const ratio = Number.parseFloat(tiles.Errors!);
    const least = (100 * bad.least) / (bad.least + others.most || 1);
    const most = (100 * bad.most) / (bad.most + others.least || 1);
    assert.ok(ratio > least - 0.06 && ratio < most + 0.06, `${ratio} % in ${least}…${most}`);
  }

  /** A row of the models' table, or of the only source. */
  function assertGroup(name: string, row: Cells, rate: Rate): void {
    const { at } = rate;
    const labels: Labels = name === 'self_deployed' ? {} : { model: name };
    const attempts = (outcome: string) => metric('endpoint_attempts_total', { ...labels, outcome });
    assert.equal(countOf(row['In flight']!), metric('endpoint_in_flight', labels), name);
    assertMinute(row, labels, at, ['Sent RPM', 'Done RPM', 'Errors RPM']);
    assert.equal(countOf(row.Completed!), attempts('ok'), name);
    assert.equal(countOf(row.Running!), metric('engine_requests_running', labels), name);
    assert.equal(countOf(row.Waiting!), metric('engine_requests_waiting', labels), name);
    const inState = (state: string) => metric('endpoint_state', { ...labels, state });
    const healthy = inState('healthy') + inState('busy');
    assert.match(row.Healthy!.replaceAll(/\s/g, ''), new RegExp(`^${healthy}/`), name);
    if (row.Pending !== undefined) {
      assert.equal(countOf(row.Pending), metric('endpoint_pending', labels), name);
    }
    if (row['TTFT p95'] === undefined) return;
    assertQuantile(row['TTFT p95'], 'time_to_first_token_seconds', labels, { at });
    assertRate(row['Tok/s']!, 'completion_tokens_total', labels, rate);
  }
});

/** Of the columns of attempts sent, completed and failed in the last minute. */
type MinuteNames = readonly [sent: string, completed: string, errors: string];

interface Quantile {
  readonly at: Look;
  readonly q?: number;
}

interface Rate {
  readonly at: Look;
  /** How long the router runs. */
  readonly upS: number;
}

function added(parts: readonly Bounds[]): Bounds {
  return {
    least: parts.reduce((sum, { least }) => sum + least, 0),
    most: parts.reduce((sum, { most }) => sum + most, 0),
  };
}

function assertWithin(shown: number, { least, most }: Bounds, what: string): void {
  assert.ok(shown >= least && shown <= most, `${what}: ${shown} in ${least}…${most}`);
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

/** `1 min 5 s` → 65. */
function secondsOf(uptime: string): number {
  const [, minutes = '0', seconds = '0'] = /^(?:(\d+) min)? ?(?:(\d+) s)?$/.exec(uptime)!;
  return 60 * Number(minutes) + Number(seconds);
}
