/**
 * Starts the built router as users do, on free ports of the loopback address, with a
 * configuration of its own in a temporary folder; stops it and removes the folder.
 */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { assertBuilt, LAUNCHER } from './built.ts';
import { Child, type LogLine } from './child.ts';
import { sleep } from './until.ts';

export interface EndpointSetup {
  /** `http://host:port`; `/v1` is added unless there is a path. */
  readonly url: string;
  /** Name that clients ask for. */
  readonly model: string;
  /** Name the engine knows; default: the same. */
  readonly upstreamModel?: string;
  readonly apiKey?: string;
  readonly weight?: number;
  readonly rpmLimit?: number;
  /** Default `self_deployed`. */
  readonly sourceType?: 'self_deployed' | 'openai';
}

type Section = { readonly [key: string]: unknown };
export type ConfigTree = { readonly [section: string]: Section };

export interface RouterSetup {
  readonly endpoints: readonly EndpointSetup[];
  /** Main configuration, as YAML or as an object; laid over the defaults below by key. */
  readonly config?: string | ConfigTree;
  /** More files, by path below the configuration's folder. */
  readonly files?: { readonly [path: string]: string };
  /** Wait until all endpoints are up; default true. */
  readonly waitUntilUp?: boolean;
  readonly args?: readonly string[];
  /** A command that becomes the router given its own command line, such as `env NAME=value`. */
  readonly under?: readonly string[];
}

export interface Dashboard {
  readonly requests: {
    readonly total: number;
    readonly success: number;
    readonly failures: number;
  };
  readonly backends: readonly {
    readonly id: string;
    readonly model_name: string;
    readonly healthy: boolean;
    readonly connections: number;
    readonly pending: number;
    readonly total_requests: number;
    readonly completed: number;
    readonly [column: string]: unknown;
  }[];
  readonly [section: string]: unknown;
}

/** Laid under the configuration of every test. */
const DEFAULTS: ConfigTree = {
  server: { host: '127.0.0.1', port: 0, workers: 1, drain_timeout: 5 },
  dashboard: { web_port: 0 },
  log: { dir: '' },
};
const POLL_MS = 20;
const UP_MS = 30_000;

/** Starts a router; resolves when it listens and (by default) every endpoint is up. */
export async function startRouter(setup: RouterSetup): Promise<RunningRouter> {
  assertBuilt();
  const dir = await mkdtemp(join(tmpdir(), 'llm-router-e2e-'));
  // Also when the test process ends without stopping its router.
  const removeDir = () => {
    process.off('exit', removeDir);
    rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', removeDir);
  let router: RunningRouter | undefined;
  try {
    await writeConfig(dir, setup.config ?? {});
    await writeEndpoints(dir, setup.endpoints);
    for (const [path, text] of Object.entries(setup.files ?? {})) await write(dir, path, text);
    const own = [LAUNCHER, '--config', join(dir, 'config.yaml'), ...(setup.args ?? [])];
    const [program, ...args] = [...(setup.under ?? []), ...own];
    const child = new Child(program!, args);
    router = new RunningRouter(dir, child, removeDir);
    await router.opened();
    if (setup.waitUntilUp !== false) await router.untilUp(setup.endpoints.length);
    return router;
  } catch (error) {
    await router?.kill();
    removeDir();
    throw error;
  }
}

async function writeEndpoints(dir: string, endpoints: readonly EndpointSetup[]): Promise<void> {
  for (const source of ['self_deployed', 'openai']) {
    const own = endpoints.filter((e) => (e.sourceType ?? 'self_deployed') === source);
    // JSON is YAML, and needs no quoting rules of ours.
    const text = JSON.stringify({ model_list: own.map(deployment) }, null, 2);
    await write(dir, `configs/${source}_test.yaml`, `${text}\n`);
  }
}

async function writeConfig(dir: string, config: string | ConfigTree): Promise<void> {
  const own = (typeof config === 'string' ? (parse(config) ?? {}) : config) as ConfigTree;
  const merged: { [section: string]: Section } = { ...DEFAULTS, ...own };
  for (const [name, section] of Object.entries(DEFAULTS)) {
    merged[name] = { ...section, ...own[name] };
  }
  await write(dir, 'config.yaml', `${JSON.stringify(merged, null, 2)}\n`);
}

export class RunningRouter {
  /** Folder of config.yaml and configs/. */
  readonly dir: string;
  readonly child: Child;
  /** `http://127.0.0.1:port`, without `/v1`. */
  url = '';
  port = 0;
  /** `http://127.0.0.1:port` of the operators' listener; '' when it is off. */
  operationsUrl = '';
  readonly #removeDir: () => void;

  constructor(dir: string, child: Child, removeDir: () => void) {
    this.dir = dir;
    this.child = child;
    this.#removeDir = removeDir;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** JSON log lines so far. */
  logs(): readonly LogLine[] {
    return this.child.lines;
  }

  async opened(): Promise<void> {
    const line = await this.child.logged(({ msg }) => msg === 'listening');
    const url = new URL(line.url as string);
    this.url = url.origin;
    this.port = Number(url.port);
    // Logged before 'listening', if at all.
    const operations = this.child.lines.find(({ msg }) => msg === 'operations');
    if (operations !== undefined) this.operationsUrl = new URL(operations.url as string).origin;
  }

  async dashboard(): Promise<Dashboard> {
    const response = await fetch(`${this.operationsUrl}/api/dashboard`);
    return (await response.json()) as Dashboard;
  }

  /** Resolves when `count` endpoints are healthy. */
  async untilUp(count: number): Promise<void> {
    await this.until(`${count} endpoints are up`, ({ backends }) => {
      return backends.filter(({ healthy }) => healthy).length === count;
    });
  }

  /** Polls the dashboard until it satisfies; rejects with `what` when it does not in time. */
  async until(what: string, satisfied: (seen: Dashboard) => boolean): Promise<Dashboard> {
    const untilMs = performance.now() + UP_MS;
    for (;;) {
      const seen = await this.dashboard();
      if (satisfied(seen)) return seen;
      if (performance.now() > untilMs) {
        const state = JSON.stringify(seen.backends);
        throw new Error(`not so in ${UP_MS} ms: ${what}\n${state}\n${this.child.output}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** SIGTERM; resolves with the exit code. Running requests get 5 s unless configured. */
  async stop(): Promise<number> {
    try {
      return await this.child.stop();
    } finally {
      this.#removeDir();
    }
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.child.kill();
    this.#removeDir();
  }
}

function deployment(endpoint: EndpointSetup): object {
  const { url, model, upstreamModel, apiKey, weight, rpmLimit } = endpoint;
  const base = new URL(url);
  return {
    model_name: model,
    litellm_params: {
      model: `openai/${upstreamModel ?? model}`,
      api_base: base.pathname === '/' ? `${base.origin}/v1` : url,
      ...(apiKey === undefined ? {} : { api_key: apiKey }),
      ...(weight === undefined ? {} : { weight }),
      ...(rpmLimit === undefined ? {} : { rpm_limit: rpmLimit }),
    },
  };
}

async function write(dir: string, path: string, text: string): Promise<void> {
  const file = join(dir, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
