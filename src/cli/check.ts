/**
 * `llm-router check`: everything that is wrong with the configuration, and with `-online` also with
 * the endpoints it names. Exit codes: 0 when there is no error (warnings may be), else 3.
 */
import { readdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Loaded, loadAll } from '../config/load.ts';
import { formatPlace, formatProblem, type Problem, printable } from '../config/problem.ts';
import { placeOf } from '../config/settings.ts';
import { TextFetcher } from '../control/fetch-text.ts';
import { DEFAULT_SLOTS } from '../state/layout.ts';
import { tableLines } from './columns.ts';
import { checkEndpoints, type EndpointCheck } from './endpoint-check.ts';
import { EXIT_CONFIG, EXIT_OK } from './exit-codes.ts';
import { configFile, loadOptions } from './load-options.ts';
import { readTlsFiles } from './tls-files.ts';

const MAX_LISTED = 10;

interface Checked {
  readonly loaded: Loaded;
  readonly problems: readonly Problem[];
  /** `undefined`: nobody asked them. */
  readonly endpoints: readonly EndpointCheck[] | undefined;
}

export async function runCheck(flags: Readonly<Record<string, string>>): Promise<number> {
  const file = configFile(flags);
  const loaded = await loadAll(file, loadOptions(flags));
  const problems = [
    ...loaded.problems,
    ...(await unreadFiles(loaded)),
    ...roomProblems(loaded),
    ...(await tlsProblems(file, loaded)),
  ];
  const endpoints = flags.online === undefined ? undefined : await ask(loaded);
  const checked = { loaded, problems, endpoints };
  process.stdout.write(flags.json === undefined ? asText(checked) : asJson(checked));
  return isGood(checked) ? EXIT_OK : EXIT_CONFIG;
}

/** YAML files beside the endpoint files, which by their names are none: a slip, perhaps. */
async function unreadFiles({ config, dir, files }: Loaded): Promise<Problem[]> {
  if (config === undefined) return [];
  const read = new Set(files.map((file) => resolve(file)));
  const names = await readdir(dir).catch(() => []);
  const unread = names.filter((name) => {
    return /\.ya?ml$/.test(name) && !read.has(resolve(dir, name));
  });
  if (unread.length === 0) return [];
  const sources = config.backends.enabledSources.map((source) => `${source}_*.yaml`).join(', ');
  const listed = unread
    .sort()
    .slice(0, MAX_LISTED)
    .map((name) => printable(name))
    .join(', ');
  const more = unread.length > MAX_LISTED ? ` and ${unread.length - MAX_LISTED} more` : '';
  const message = `not read: ${listed}${more}; backends.enabled_sources asks for ${sources}`;
  return [{ file: dir, line: 0, column: 0, path: '', message, severity: 'notice' }];
}

/** A router that is running with others may have room for fewer of them for a minute. */
function roomProblems({ endpoints }: Loaded): Problem[] {
  const first = endpoints[DEFAULT_SLOTS];
  if (first === undefined) return [];
  const count = endpoints.length - DEFAULT_SLOTS;
  const message = `there is room for ${DEFAULT_SLOTS} endpoints: from here ${count} are left out`;
  return [{ ...first.place, path: 'model_list', message, severity: 'error' }];
}

async function tlsProblems(file: string, { config, settings }: Loaded): Promise<Problem[]> {
  if (config === undefined) return [];
  const texts = await readTlsFiles(config, dirname(file));
  if (typeof texts !== 'string') return [];
  const setting = settings?.get('server.tls_cert_file') ?? settings?.get('server.tls_key_file');
  const place = setting === undefined ? { file, line: 0, column: 0 } : placeOf(setting.origin);
  return [{ ...place, path: 'server', message: texts, severity: 'error' }];
}

async function ask({ config, endpoints }: Loaded): Promise<EndpointCheck[]> {
  if (config === undefined) return [];
  const fetcher = new TextFetcher();
  const { timeoutMs, maxConcurrency: concurrency } = config.healthCheck;
  const checks = await checkEndpoints(endpoints, {
    ...{ fetchText: fetcher.fetch, timeoutMs, concurrency },
  });
  fetcher.dispose();
  return checks;
}

function isGood({ problems, endpoints = [] }: Checked): boolean {
  const found = [...problems, ...endpoints.flatMap(({ findings }) => findings)];
  return found.every(({ severity }) => severity !== 'error');
}

function asText(checked: Checked): string {
  const { problems, endpoints } = checked;
  const lines = problems.map((problem) => `${problem.severity}: ${formatProblem(problem)}`);
  if (endpoints !== undefined && endpoints.length > 0) lines.push(...table(endpoints));
  return `${[...lines, summary(checked)].join('\n')}\n`;
}

/** One line an endpoint and one more for each further finding. */
function table(checks: readonly EndpointCheck[]): string[] {
  const rows = checks.flatMap(({ entry, findings, engine }) => {
    const said = findings.map(({ severity, message }) => `${severity}: ${message}`);
    if (said.length === 0) said.push(engine === '' ? 'ok' : `ok, ${engine}`);
    const place = `${entry.place.file}:${entry.place.line}`;
    return said.map((words, index) =>
      index === 0 ? [entry.modelName, entry.apiBase, place, words] : ['', '', '', words],
    );
  });
  return tableLines([['MODEL', 'ENDPOINT', 'AT', 'RESULT'], ...rows]);
}

function summary({ loaded, problems, endpoints }: Checked): string {
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;
  const found = [...problems, ...(endpoints ?? []).flatMap(({ findings }) => findings)];
  const of = (severity: string) => found.filter((one) => one.severity === severity).length;
  const { files, endpoints: entries } = loaded;
  const listed = `${count(files.length, 'file')}, ${count(entries.length, 'endpoint')}`;
  return `${listed}: ${count(of('error'), 'error')}, ${count(of('warning'), 'warning')}`;
}

function asJson(checked: Checked): string {
  const { loaded, problems, endpoints } = checked;
  const report = {
    ok: isGood(checked),
    files: loaded.files,
    problems: problems.map(({ severity, file, line, column, path, message, suggestion }) => ({
      ...{ severity, file, line, column, path, message, suggestion },
    })),
    endpoint_count: loaded.endpoints.length,
    endpoints: endpoints?.map(({ entry, findings, models, engine }) => ({
      model_name: entry.modelName,
      upstream_model: entry.upstreamModel,
      api_base: entry.apiBase,
      source_type: entry.sourceType,
      at: formatPlace(entry.place),
      ok: findings.every(({ severity }) => severity !== 'error'),
      findings,
      models,
      engine,
    })),
  };
  return `${JSON.stringify(report)}\n`;
}
