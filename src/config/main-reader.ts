/**
 * The sections of the main file → settings → `Config`, together with what the environment and the
 * command line say. Invariant: every value is checked by its option's schema, whoever set it.
 */
import { readEnvironment } from './environment.ts';
import { LITELLM_TOP_KEYS } from './litellm.ts';
import type { LiteLLMOption } from './litellm-reader.ts';
import { isLoopback } from './loopback.ts';
import type { Option, Section } from './option.ts';
import { OPTION_PATHS, SECTION_LIST } from './option-paths.ts';
import { describeRead, type Env, fillIn } from './references.ts';
import { buildConfig, type Config, SECTIONS } from './schema.ts';
import { type Origin, placeOf, type Setting, type Settings } from './settings.ts';
import { nearest } from './suggest.ts';
import { describe, isNull, rawValue } from './tree-values.ts';
import type { FileReport, MapTree, Tree } from './yaml-tree.ts';

/** Values that win over the file (flags), by dotted file key: `log.level` → `debug`. */
export type Overrides = { readonly [path: string]: string | number | boolean | readonly string[] };

export const EXPECTED_SECTIONS = 'expected sections such as "server:" and "routing:"';

const LITELLM_KEYS: ReadonlySet<string> = new Set(LITELLM_TOP_KEYS);
const TOP_KEYS: readonly string[] = [...SECTION_LIST.map(({ key }) => key), ...LITELLM_TOP_KEYS];

/**
 * Of LiteLLM's main file, the keys at its top of which nothing here knows (`guardrails`,
 * `mcp_servers`, …): they are ignored. What looks like one of ours mistyped is not among them.
 */
export function ignoredTopKeys(root: MapTree): string[] {
  const keys = [...root.entries.keys()];
  if (!keys.some((key) => LITELLM_KEYS.has(key))) return [];
  return keys.filter((key) => {
    const isOurs = TOP_KEYS.includes(key) || nearest(key, TOP_KEYS) !== undefined;
    return !isOurs && sectionWith(key) === undefined;
  });
}

/** The section with an option of that name. */
function sectionWith(key: string): Section | undefined {
  return SECTION_LIST.find(({ options }) => {
    return Object.values(options).some((option) => option.key === key);
  });
}

export class MainReader {
  readonly #report: FileReport;
  readonly #env: Env;
  readonly #settings = new Map<string, Setting>();

  constructor(report: FileReport, env: Env) {
    this.#report = report;
    this.#env = env;
  }

  get settings(): Settings {
    return this.#settings;
  }

  readFile(root: MapTree): void {
    const ignored = ignoredTopKeys(root);
    for (const [key, { keyAt, value }] of root.entries) {
      const section = SECTION_LIST.find((candidate) => candidate.key === key);
      if (section !== undefined) this.#readSection(section, value);
      else if (!LITELLM_KEYS.has(key) && !ignored.includes(key)) this.#unknown(key, keyAt, '');
    }
  }

  /** What a LiteLLM file says in its own words; our own sections win over it. */
  readForeign({ path, value, place }: LiteLLMOption): void {
    const option = OPTION_PATHS.get(path)!;
    const result = option.schema.safeParse(value);
    if (result.success) {
      this.#settings.set(path, { value: result.data, origin: { kind: 'file', place } });
      return;
    }
    const message = `means that ${path} should be ${String(value)}, but that is ${option.expects}`;
    this.#report.problems.push({ ...place, path, message, severity: 'error' });
  }

  #readSection(section: Section, tree: Tree): void {
    if (isNull(tree)) return;
    if (tree.kind !== 'map') {
      const message = `must be a section with keys, not ${describe(tree)}`;
      this.#report.add('error', tree.at, section.key, { message });
      return;
    }
    for (const [key, { keyAt, value }] of tree.entries) {
      const option = Object.values(section.options).find((candidate) => candidate.key === key);
      if (option === undefined) this.#unknown(key, keyAt, section.key);
      else this.#readOption(`${section.key}.${key}`, option, value);
    }
  }

  #readOption(path: string, option: Option<unknown>, written: Tree): void {
    const { tree, fault } = fillIn(written, this.#env);
    if (fault !== '') {
      this.#report.add('error', written.at, path, { message: fault });
      return;
    }
    // A key with nothing behind it keeps its default.
    if (isNull(tree)) return;
    const result = option.schema.safeParse(rawValue(option, tree));
    if (result.success) {
      const origin: Origin = { kind: 'file', place: this.#report.place(tree.at) };
      this.#settings.set(path, { value: result.data, origin });
      return;
    }
    const given = option.secret ? '' : `, not ${describeRead(written, tree)}`;
    const suggestion = tree.kind === 'scalar' ? nearest(tree.source, option.words) : undefined;
    const message = `must be ${option.expects}${given}`;
    this.#report.add('error', tree.at, path, { message, suggestion });
  }

  /** LLM_ROUTER_*__* variables. */
  readEnvironment(): void {
    const { settings, problems } = readEnvironment(this.#env);
    for (const [path, setting] of settings) this.#settings.set(path, setting);
    this.#report.problems.push(...problems);
  }

  #unknown(key: string, at: number, section: string): void {
    const path = section === '' ? key : `${section}.${key}`;
    const siblings = SECTION_LIST.find((candidate) => candidate.key === section);
    const known =
      siblings === undefined ? TOP_KEYS : Object.values(siblings.options).map((one) => one.key);
    const near = nearest(key, known);
    const elsewhere = sectionWith(key);
    const moved = elsewhere === undefined ? undefined : `${elsewhere.key}.${key}`;
    this.#report.add('error', at, path, { message: 'unknown key', suggestion: near ?? moved });
  }

  override(overrides: Overrides): void {
    for (const [path, value] of Object.entries(overrides)) {
      const option = OPTION_PATHS.get(path);
      if (option === undefined) throw new RangeError(`no option ${path}`);
      const result = option.schema.safeParse(value);
      if (result.success) {
        this.#settings.set(path, { value: result.data, origin: { kind: 'flag' } });
        continue;
      }
      const given = option.secret ? '' : `, not ${JSON.stringify(value)}`;
      this.#report.problems.push({
        ...placeOf({ kind: 'flag' }),
        ...{ path, severity: 'error' },
        message: `must be ${option.expects}${given}`,
      });
    }
  }

  /** Rules over two options at once. */
  checkTogether(): void {
    this.#checkAlerts();
    this.#checkOperations();
    this.#checkOrder('retry.base_delay_ms', 'retry.max_delay_ms');
    this.#checkOrder('ejection.base_ms', 'ejection.max_ms');
    const port = this.#value('server.port');
    if (this.#value('dashboard.enabled') !== true || port === 0) return;
    if (this.#value('dashboard.web_port') === port) {
      this.#clash('dashboard.web_port', 'server.port', `must differ from server.port (${port})`);
    }
  }

  #checkAlerts(): void {
    const enabled = this.#settings.get('webhook.enabled');
    if (enabled?.value !== true || this.#value('webhook.url') !== '') return;
    const message = 'no alert is sent without webhook.url';
    const place = placeOf(enabled.origin);
    this.#report.problems.push({ ...place, path: 'webhook.enabled', message, severity: 'warning' });
  }

  /** What changes the router must not be open to a network. */
  #checkOperations(): void {
    const host = String(this.#value('dashboard.host'));
    const isOff = this.#value('dashboard.enabled') !== true;
    if (
      !isOff &&
      this.#value('dashboard.tls') === true &&
      this.#value('server.tls_cert_file') === ''
    ) {
      const lacks = 'needs a certificate: set server.tls_cert_file and server.tls_key_file';
      this.#clash('dashboard.tls', 'dashboard.enabled', lacks);
    }
    if (isOff || isLoopback(host) || this.#value('dashboard.token') !== '') return;
    const message = `${host} can be reached from other machines: set dashboard.token as well`;
    this.#clash('dashboard.host', 'dashboard.enabled', message);
  }

  #checkOrder(lower: string, upper: string): void {
    const [least, most] = [this.#value(lower) as number, this.#value(upper) as number];
    if (least <= most) return;
    this.#clash(upper, lower, `${most} is less than ${lower} (${least})`);
  }

  /** A problem of `path` with `other`, at the one that was set. */
  #clash(path: string, other: string, message: string): void {
    const setting = this.#settings.get(path) ?? this.#settings.get(other);
    const place = setting === undefined ? this.#report.place(0) : placeOf(setting.origin);
    this.#report.problems.push({ ...place, path, message, severity: 'error' });
  }

  #value(path: string): unknown {
    return this.#settings.get(path)?.value ?? OPTION_PATHS.get(path)!.defaultValue;
  }

  config(): Config {
    return buildConfig((section, option) => this.#value(`${SECTIONS[section].key}.${option.key}`));
  }
}
