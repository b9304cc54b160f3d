/**
 * `llm-router serve`: the composition of the planes. Loads the configuration, makes the shared
 * memory, starts workers and control loops, and ends them in order when asked to.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Loaded, loadAll } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import type { Env } from '../config/references.ts';
import type { Config } from '../config/schema.ts';
import { changeFile } from '../config/write-file.ts';
import { ControlPlane } from '../control/control-plane.ts';
import { KeyPlaces } from '../control/key-places.ts';
import { pageRoutes } from '../control/page-routes.ts';
import { pruneUnhealthy } from '../control/prune.ts';
import type { StartFailure, WorkerPort } from '../control/supervisor.ts';
import type { RouteTableSpec } from '../core/endpoint.ts';
import type { FromWorker, ToWorker } from '../core/plane-messages.ts';
import { createPrefixMemory } from '../core/prefix-table.ts';
import type { RecordDetail } from '../core/request-record.ts';
import { monotonicClock } from '../net/monotonic.ts';
import type { Logger } from '../observe/logger.ts';
import { type Logs, openLogs } from '../observe/logs.ts';
import type { ProxyOptions } from '../proxy/options.ts';
import type { WorkerStart } from '../proxy/worker.ts';
import { createFleetState, DEFAULT_SLOTS, type FleetState } from '../state/layout.ts';
import { type AskedToEnd, askedToEnd } from './asked-to-end.ts';
import { EXIT_CONFIG, EXIT_FAILURE, EXIT_OK } from './exit-codes.ts';
import { FollowedFiles } from './follow-files.ts';
import { LiveAlerts } from './live-alerts.ts';
import { configFile, loadOptions } from './load-options.ts';
import { PAGE_FILES } from './page-files.ts';
import { proxyOptions } from './proxy-options.ts';
import { type RequestReader, readRequests } from './recording.ts';
import { readTlsFiles, type TlsTexts } from './tls-files.ts';
import { VERSION } from './version.ts';

/**
 * Runs until a signal ends it and returns the exit code. `workerUrl`: where the entry of the
 * worker threads is; `onListening` hears the port of the API and the address of the dashboard
 * ('' = there is none).
 */
export async function serve(
  flags: Readonly<Record<string, string>>,
  workerUrl: URL,
  onListening: (port: number, dashboardUrl: string) => void = () => {},
): Promise<number> {
  const asked = askedToEnd();
  let logs: Logs | undefined;
  // From the first line on: without a listener Node would open its debugger.
  process.on('SIGUSR1', () => logs?.reopen());
  const file = configFile(flags);
  const loading = loadOptions(flags);
  const loaded = await loadAll(file, loading);
  for (const problem of loaded.problems) process.stderr.write(`${formatProblem(problem)}\n`);
  const { config } = loaded;
  if (config === undefined) {
    process.stderr.write(`llm-router: ${file} is not valid; nothing was started.\n`);
    return EXIT_CONFIG;
  }
  const tls = await readTlsFiles(config, dirname(file));
  if (typeof tls === 'string') {
    process.stderr.write(`llm-router: ${tls}; nothing was started.\n`);
    return EXIT_CONFIG;
  }
  logs = openLogs(config.log, dirname(file), process.env.LLM_ROUTER_TRACE ?? '');
  const { log } = logs;
  const reader = readRequests(flags.record, logs);
  // Until files are followed there is nothing to reload; the signal must not end the process.
  process.on('SIGHUP', () => {});
  const address = await freeAddress(config.server.host, config.server.port);
  if (typeof address !== 'number') return refuse(config.server.host, config.server.port, address);
  const files = new FollowedFiles(file, loading, workerUrl);
  const port = address;
  const control = makeControl({ config, tls, port, logs, reader, workerUrl, files });
  const failure = await control.start(loaded);
  if (failure !== undefined) {
    control.stop();
    return refuse(config.server.host, address, failure);
  }
  const tlsOn = tls.tlsCert !== '';
  announce(control, { config, log, dir: loaded.dir, port, tls: tlsOn });
  onListening(address, control.operationsUrl);
  files.start(loaded, control.reloads);
  if (config.healthCheck.pruneUnhealthyOnStart) prune(control, loaded, { log, env: loading.env });
  const code = await untilAsked(asked, control, log);
  files.stop();
  await reader.close();
  await logs.close();
  return code;
}

function prune(
  control: ControlPlane,
  { endpoints: entries }: Loaded,
  { log, env }: { log: Logger; env: Env },
): void {
  void pruneUnhealthy({
    ...{ entries, env, log, changeFile },
    endpoints: () => control.endpoints,
    probesOf: (spec) => control.health.probesOf(spec),
    wait: (ms) => delay(ms, undefined, { ref: false }),
    now: () => new Date(),
  });
}

interface ControlSetup {
  readonly config: Config;
  readonly tls: TlsTexts;
  readonly port: number;
  readonly logs: Logs;
  readonly reader: RequestReader;
  readonly workerUrl: URL;
  readonly files: FollowedFiles;
}

function makeControl(setup: ControlSetup): ControlPlane {
  const { config, tls, port, logs, reader, workerUrl, files } = setup;
  const { log, tail } = logs;
  const { onRequests, records, recordShapes } = reader;
  const workers = workerCount(config);
  const state = createFleetState(DEFAULT_SLOTS, workers);
  const keyPlaces = new KeyPlaces();
  const circumstances = { port, workers, recordShapes, keyPlaces, ...tls };
  const workerOptions = (now: Config) => proxyOptions(now, circumstances);
  const options = () => workerOptions(control.config);
  const { keepRequests } = config.dashboard;
  const salt = randomInt(1, 2 ** 31);
  const prefixMemory = createPrefixMemory(config.routing.prefixIndexBytes, salt);
  const spawn = spawner({
    ...{ options, state, prefixMemory, workers, workerUrl, records, keepRequests },
  });
  const follower = new LiveAlerts(config.webhook, log);
  const clock = monotonicClock;
  const control: ControlPlane = new ControlPlane({
    ...{ config, state, workers, clock, log, tail, spawn, follower, onRequests },
    version: VERSION,
    certificate: { cert: tls.tlsCert, key: tls.tlsKey },
    keyNames: () => keyPlaces.names,
    routes: pageRoutes(PAGE_FILES),
    workerOptions,
    load: () => files.load(),
    onLoaded: (loaded) => files.follow(loaded),
    onConfig(now, before) {
      if (now.log.level !== before.log.level) log.level = now.log.level;
      if (!isDeepStrictEqual(now.webhook, before.webhook)) follower.configure(now.webhook);
    },
  });
  return control;
}

function workerCount({ server }: Config): number {
  return server.workers || Math.max(1, availableParallelism() - 1);
}

interface Announced {
  readonly config: Config;
  readonly log: Logger;
  /** Folder of the endpoint files. */
  readonly dir: string;
  readonly port: number;
  readonly tls: boolean;
}

function announce(control: ControlPlane, parts: Announced): void {
  const { config, log, dir, port, tls } = parts;
  log.info(
    {
      url: `${tls ? 'https' : 'http'}://${authority(config.server.host, port)}/v1`,
      workers: workerCount(config),
      endpoints: control.endpoints.length,
      strategy: config.routing.strategy,
      pid: process.pid,
    },
    'listening',
  );
  if (control.endpoints.length > 0) return;
  const sources = config.backends.enabledSources;
  log.warn({ dir, sources }, 'no endpoints yet: files that are added there are picked up at once');
}

/**
 * The port to listen on, found by binding it alone for a moment: workers share their port, and
 * that alone would hide another router that already has it.
 */
async function freeAddress(host: string, port: number): Promise<number | StartFailure> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return { code, message };
  }
  const found = (server.address() as { port: number }).port;
  server.close();
  await once(server, 'close');
  return found;
}

function refuse(host: string, port: number, { code, message }: StartFailure): number {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another program already listens there; choose another server.port or stop it',
    EACCES: 'this user may not bind it; choose a server.port of 1024 or above',
    EADDRNOTAVAIL: 'this machine has no such address; correct server.host',
  };
  const why = reasons[code] ?? message;
  process.stderr.write(`llm-router: cannot listen on ${authority(host, port)}: ${why}.\n`);
  return EXIT_FAILURE;
}

/** `host:port` as a URL has it. */
function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

interface SpawnParts {
  /** As of now. */
  readonly options: () => ProxyOptions;
  readonly state: FleetState;
  readonly prefixMemory: SharedArrayBuffer;
  readonly workers: number;
  readonly workerUrl: URL;
  readonly records: RecordDetail;
  readonly keepRequests: number;
}

function spawner(parts: SpawnParts): (index: number, spec: RouteTableSpec) => WorkerPort {
  const { options, state, prefixMemory, workers, workerUrl, records, keepRequests } = parts;
  return (index, spec) => {
    const start: WorkerStart = {
      buffer: state.buffer,
      prefixMemory,
      slots: state.columns.slots,
      workers,
      index,
      options: options(),
      spec,
      records,
      keepRequests,
    };
    const worker = new Worker(workerUrl, { workerData: start, name: `worker-${index}` });
    let reason = '';
    worker.on('error', (error) => {
      reason = error.stack ?? error.message;
    });
    return {
      post: (message: ToWorker) => worker.postMessage(message),
      onMessage: (listener) => worker.on('message', (message: FromWorker) => listener(message)),
      onExit: (listener) => worker.on('exit', () => listener(reason)),
      terminate: () => void worker.terminate(),
    };
  };
}

/** Runs until it is asked to end, then drains; asked again, it ends at once. */
async function untilAsked(asked: AskedToEnd, control: ControlPlane, log: Logger): Promise<number> {
  const signal = await asked.once;
  log.info({ signal }, 'draining: running requests finish, new connections are refused');
  const { drainDelayMs, drainTimeoutMs } = control.config.server;
  const drained = control.drain(drainDelayMs, drainTimeoutMs).then(() => EXIT_OK);
  const code = await Promise.race([drained, asked.twice.then(() => EXIT_FAILURE)]);
  control.stop();
  log.info({ inFlight: control.inFlight() }, code === EXIT_OK ? 'drained' : 'ended at once');
  return code;
}
