/**
 * The files of examples/ agree with the product: every metric and label that they name exists,
 * commands and options are known, and files that they refer to are there.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it, test } from 'node:test';
import { parse } from 'yaml';
import { parseArgs } from '../src/cli/args.ts';
import { parseEndpoints, parseMain } from '../src/config/parse.ts';
import { DEFAULTS } from '../src/config/schema.ts';
import { ALL_METRICS, type Metric } from '../src/control/metrics/metric-table.ts';
import { parseFlags } from '../src/sim/flags.ts';

const ROOT = resolve(import.meta.dirname, '..');
const EXAMPLES = join(ROOT, 'examples');
const FILES = globSync('**/*.*', { cwd: EXAMPLES }).sort();
const SUFFIXES: Readonly<Record<Metric['type'], readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
};
/** Sample name to metric. */
const SAMPLES = new Map(
  ALL_METRICS.flatMap((metric) =>
    SUFFIXES[metric.type].map((suffix) => [metric.name + suffix, metric] as const),
  ),
);
/** Labels that Prometheus adds. */
const SCRAPED = ['instance', 'job'];
const NAME = /\b(?:llm_router|process)_[a-z0-9_]+\b/g;

function read(path: string): string {
  return readFileSync(join(EXAMPLES, path), 'utf8');
}

function yaml<T>(path: string): T {
  return parse(read(path)) as T;
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; query: unknown }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

const RULES = yaml<{ groups: { name: string; rules: Rule[] }[] }>(
  'prometheus/alerts.yml',
).groups.flatMap(({ rules }) => rules);
const BOARD = JSON.parse(read('grafana/llm-router.json')) as Dashboard;
const TARGETS = BOARD.panels.flatMap(({ targets = [] }) => targets);
const QUERIES = [...RULES, ...TARGETS, ...BOARD.annotations.list].map(({ expr }) => expr);

test('every metric that an example names is one that the router exposes', () => {
  const inProse = new Set(ALL_METRICS.map(({ name }) => name));
  let names = 0;
  for (const file of FILES.filter((path) => /\.(ya?ml|json)$/.test(path))) {
    for (const [name] of read(file).matchAll(NAME)) {
      assert.ok(SAMPLES.has(name) || inProse.has(name), `${file}: ${name}`);
      names++;
    }
  }
  assert.ok(names > 60, `only ${names} names were found`);
});

describe('a query', () => {
  it('selects and groups by labels that its metrics have', () => {
    for (const expr of QUERIES) {
      const metrics = [...expr.matchAll(NAME)].map(([name]) => {
        const metric = SAMPLES.get(name);
        assert.ok(metric !== undefined, `${name} has no samples: ${expr}`);
        return metric;
      });
      for (const [, name, selectors] of expr.matchAll(/([a-z_]+)\{([^}]*)\}/g)) {
        if (name === 'up') continue;
        const labels = [...selectors!.matchAll(/([a-z_]+)\s*(?:=~|!=|!~|=)/g)].map((m) => m[1]!);
        assertLabels(labels, [SAMPLES.get(name!)!], expr);
      }
      for (const [, list] of expr.matchAll(/\bby \(([^)]*)\)/g)) {
        assertLabels(
          list!.split(',').map((label) => label.trim()),
          metrics,
          expr,
        );
      }
    }
  });

  it('takes rates of what grows, and quantiles of buckets by their bound', () => {
    for (const expr of QUERIES) {
      for (const [, over, name] of expr.matchAll(/\b(rate|increase)\s*\(\s*([a-z_]+)/g)) {
        assert.notEqual(SAMPLES.get(name!)?.type, 'gauge', `${over} of ${name}`);
      }
      for (const [bare, name] of expr.matchAll(/(?<![a-z_(])([a-z_]+_total)\b/g)) {
        assert.fail(`${bare}: a counter without a rate: ${name}`);
      }
      if (expr.includes('histogram_quantile')) {
        assert.match(expr, /histogram_quantile\(0\.\d+, sum by \([a-z, ]*\ble\)/);
        assert.match(expr, /_bucket/);
      } else assert.doesNotMatch(expr, /_bucket/);
      const depth = [...expr].reduce(
        (open, letter) => open + Number(letter === '(') - Number(letter === ')'),
        0,
      );
      assert.equal(depth, 0, `parentheses: ${expr}`);
    }
  });
});

function assertLabels(labels: readonly string[], metrics: readonly Metric[], expr: string): void {
  for (const label of labels) {
    for (const metric of metrics) {
      const isBound = label === 'le' && metric.type === 'histogram';
      const known = SCRAPED.includes(label) || isBound || metric.labels.includes(label);
      assert.ok(known, `${metric.name} has no label ${label}: ${expr}`);
    }
  }
}

test('the dashboard has panels with a place, a title and queries, each once', () => {
  assert.equal(new Set(BOARD.panels.map(({ id }) => id)).size, BOARD.panels.length);
  const taken = new Set<string>();
  for (const { title, type, gridPos, targets = [] } of BOARD.panels) {
    assert.ok(title !== '' && gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x} ${y}`), `${title} lies upon another`);
        taken.add(`${x} ${y}`);
      }
    }
    assert.equal(targets.length === 0, type === 'row', title);
  }
  const variables = new Set([...BOARD.templating.list.map(({ name }) => name), '__rate_interval']);
  const text = read('grafana/llm-router.json');
  for (const [, name] of text.matchAll(/\$\{?([a-zA-Z_]+)/g)) {
    assert.ok(variables.has(name!) || name === '__all', `no variable ${name}`);
  }
  for (const { expr, legendFormat } of TARGETS) {
    for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
      assert.ok(expr.includes(label!) || /^(llm|rate|process)/.test(expr), `${label}: ${expr}`);
    }
  }
});

test('every metric is on the dashboard, in a rule, or is known to be left out', () => {
  const shown = QUERIES.join('\n');
  const unseen = ALL_METRICS.map(({ name }) => name).filter((name) => !shown.includes(name));
  assert.deepEqual(unseen, [
    'llm_router_requests_started_total',
    'llm_router_heads_rejected_total',
    'llm_router_bodies_dropped_total',
    'llm_router_client_received_bytes_total',
    'llm_router_client_sent_bytes_total',
    'llm_router_endpoint_requests_sent_total',
    'llm_router_endpoint_repeats_total',
    'llm_router_endpoint_pending',
    'llm_router_workers',
    'llm_router_config_last_change_timestamp_seconds',
    'llm_router_metrics_folded',
    'process_start_time_seconds',
  ]);
});

test('alert rules say what, how bad and what to do', () => {
  assert.equal(new Set(RULES.map(({ alert }) => alert)).size, RULES.length);
  for (const { alert, labels, annotations, ...rule } of RULES) {
    assert.match(alert, /^LlmRouter[A-Z]/);
    assert.match(rule.for ?? '1m', /^\d+[smh]$/);
    assert.ok(['critical', 'warning'].includes(labels.severity), alert);
    assert.ok(annotations.description.length > 20, alert);
    for (const [, label] of annotations.summary.matchAll(/\$labels\.(\w+)/g)) {
      const grouped = /by \(([^)]*)\)/.exec(rule.expr)?.[1];
      const metric = SAMPLES.get([...rule.expr.matchAll(NAME)][0]?.[0] ?? '');
      const there = grouped?.includes(label!) ?? metric?.labels.includes(label!);
      assert.ok(there === true || SCRAPED.includes(label!), `${alert}: ${label}`);
    }
  }
});

describe('a prometheus.yml', () => {
  for (const path of ['prometheus/prometheus.yml', 'docker/prometheus.yml']) {
    it(`scrapes the operators' listener under the name of the rules: ${path}`, () => {
      const { scrape_configs: jobs, rule_files: files } = yaml<{
        scrape_configs: {
          job_name: string;
          metrics_path: string;
          static_configs: { targets: string[] }[];
        }[];
        rule_files: string[];
      }>(path);
      assert.deepEqual(
        jobs.map((job) => [job.job_name, job.metrics_path]),
        [['llm-router', '/metrics']],
      );
      const ports = jobs[0]!.static_configs[0]!.targets.map((target) => target.split(':')[1]);
      assert.deepEqual(ports, [String(DEFAULTS.dashboard.webPort)]);
      assert.deepEqual(files, ['alerts.yml']);
    });
  }
});

/** What a command line means to the product; '' = it is fine. */
function problemsOf(words: readonly string[]): string {
  const { verb, rest, problems } = parseArgs(words);
  const own = verb === 'sim' ? parseFlags(rest) : undefined;
  const wrong = own !== undefined && 'problems' in own ? own.problems : [];
  return [...problems, ...(wrong as string[])].join('\n');
}

test('the systemd unit starts, reloads, drains and confines the router', () => {
  const text = read('systemd/llm-router.service');
  const values = new Map(
    [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key!, value!]),
  );
  const [program, ...words] = values.get('ExecStart')!.split(' ');
  assert.match(program!, /\/bin\/llm-router$/);
  assert.equal(problemsOf(words), '');
  assert.equal(values.get('ExecReload'), '/bin/kill -HUP $MAINPID');
  const drainMs = DEFAULTS.server.drainDelayMs + DEFAULTS.server.drainTimeoutMs;
  assert.ok(Number(values.get('TimeoutStopSec')) * 1000 > drainMs);
  assert.ok(Number(values.get('LimitNOFILE')) > 100_000);
  for (const key of ['NoNewPrivileges', 'PrivateTmp', 'PrivateDevices', 'ProtectHome']) {
    assert.equal(values.get(key), 'yes', key);
  }
  assert.equal(values.get('ProtectSystem'), 'strict');
  assert.equal(values.get('CapabilityBoundingSet'), '');
  assert.ok(!values.has('MemoryDenyWriteExecute'), 'it would end the compiler of JavaScript');
  for (const [, name] of text.matchAll(/^Environment=(\w+)=/gm)) {
    assert.equal(name, 'LLM_ROUTER_LOG__DIR');
  }
});

test('the Dockerfile copies what there is and starts a command that exists', () => {
  const lines = read('docker/Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const stage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM')));
  const after = (word: string) =>
    stage.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const exec = (word: string) => JSON.parse(after(word).at(-1)!) as string[];
  for (const copied of lines.filter((line) => /^COPY (?!--from)/.test(line))) {
    const sources = copied.split(' ').slice(1, -1);
    for (const source of sources) assert.ok(existsSync(join(ROOT, source)), source);
  }
  assert.deepEqual(exec('ENTRYPOINT'), ['/opt/llm-router/bin/llm-router']);
  assert.equal(problemsOf(exec('CMD')), '');
  assert.ok(after('COPY').includes('configs /etc/llm-router/configs'));
  assert.equal(
    exec('CMD').at(-1),
    after('COPY')
      .find((line) => /config\.yaml/.test(line))
      ?.split(' ')[1],
  );
  assert.notEqual(after('USER')[0], 'root');
  const ports = [DEFAULTS.server.port, DEFAULTS.dashboard.webPort].join(' ');
  assert.equal(after('EXPOSE')[0], ports);
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const [needed] = /\d+/.exec(engines.node)!;
  for (const line of lines.filter((one) => one.startsWith('FROM'))) {
    assert.ok(Number(/^FROM node:(\d+)/.exec(line)![1]) >= Number(needed), line);
  }
});

test('the compose file mounts what there is, and its router is told to end in time', () => {
  type Service = {
    command?: string[];
    volumes?: string[];
    build?: { context: string; dockerfile: string };
    stop_grace_period?: string;
  };
  const { services } = parse(read('docker/compose.yaml'), { merge: true }) as {
    services: Record<string, Service>;
  };
  const folder = join(EXAMPLES, 'docker');
  for (const { command, volumes = [], build } of Object.values(services)) {
    if (command !== undefined) assert.equal(problemsOf(command), '');
    for (const volume of volumes) {
      assert.ok(existsSync(join(folder, volume.split(':')[0]!)), volume);
    }
    if (build !== undefined) {
      assert.equal(join(folder, build.context), ROOT);
      assert.ok(existsSync(join(ROOT, build.dockerfile)));
    }
  }
  assert.deepEqual(Object.keys(services).sort(), [
    'engine-1',
    'engine-2',
    'grafana',
    'prometheus',
    'router',
  ]);
  const env = { ROUTER_TOKEN: 'secret' };
  const { value, problems } = parseMain(read('docker/config.yaml'), 'config.yaml', {}, env);
  assert.deepEqual(problems, []);
  assert.equal(value!.dashboard.token, 'secret');
  const grace = Number.parseInt(services.router!.stop_grace_period!, 10) * 1000;
  assert.ok(value!.server.drainTimeoutMs < grace);
  const engines = parseEndpoints(read('docker/engines.yaml'), 'engines.yaml', 'self_deployed', {});
  assert.deepEqual(engines.problems, []);
});

test('files that examples name beside them are there, and none is unknown', () => {
  for (const path of ['docker/grafana-datasource.yaml', 'docker/grafana-dashboards.yaml']) {
    assert.equal(yaml<{ apiVersion: number }>(path).apiVersion, 1);
  }
  const named = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
  for (const file of FILES.filter((path) => path !== 'README.md')) {
    assert.ok(named.includes(dirname(file)), `${file} is not in examples/README.md`);
  }
});
