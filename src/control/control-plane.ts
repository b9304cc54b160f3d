/**
 * The control plane in one place: supervisor, fleet, prober, scraper and the operators' listener,
 * driven by two timers. It may be slow; no byte of the data plane waits for it.
 */
import { randomInt } from 'node:crypto';
import type { Loaded } from '../config/load.ts';
import { isLoopback } from '../config/loopback.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import { PROBE_DOWN, PROBE_UP } from '../core/columns.ts';
import type { EndpointSpec, RouteTableSpec } from '../core/endpoint.ts';
import type { PlaneEvent } from '../core/plane-messages.ts';
import { Xorshift } from '../core/random.ts';
import type { RequestRecord } from '../core/request-record.ts';
import { noteRecovery } from '../core/slow-start.ts';
import type { LogTail } from '../observe/log-tail.ts';
import type { Logger } from '../observe/logger.ts';
import type { FleetState } from '../state/layout.ts';
import { sumOf } from '../state/reader.ts';
import { adminRoutes } from './admin/admin-routes.ts';
import { openapiRoute } from './admin/openapi.ts';
import { boardRoutes } from './board-routes.ts';
import { type ConfigHooks, ConfigInForce } from './config-in-force.ts';
import { dashboardJson } from './dashboard-json.ts';
import { TextFetcher } from './fetch-text.ts';
import { Fleet, type FleetChange } from './fleet.ts';
import { FleetHealth } from './fleet-health.ts';
import { failureOf, fleetStatus } from './fleet-status.ts';
import type { MetricsSources } from './metrics/exposition.ts';
import { metricsRoute } from './metrics/metrics-route.ts';
import { TrafficLedger } from './metrics/traffic-ledger.ts';
import { listenForOperators, type OperationsListener } from './operations-listener.ts';
import { OperatorAccess } from './operator-access.ts';
import { jsonReply, type OperatorRoute, OperatorRoutes } from './operator-route.ts';
import { type ProbeChange, Prober } from './prober.ts';
import { logChange } from './reload-log.ts';
import type { Reloads } from './reloads.ts';
import { RpmMeter } from './rpm-meter.ts';
import { Scraper } from './scraper.ts';
import { logShadow } from './shadow-log.ts';
import type { FleetFollower } from './status.ts';
import { StatusBoard } from './status-board.ts';
import { type StartFailure, Supervisor, type WorkerPort } from './supervisor.ts';
import { TrafficStats } from './traffic-stats.ts';

export interface ControlParts extends ConfigHooks {
  readonly config: Config;
  readonly state: FleetState;
  readonly workers: number;
  /** Names of client keys, by their place among the counts. */
  readonly keyNames: () => readonly string[];
  /** Of this program. */
  readonly version: string;
  /** For the operators' listener, where `dashboard.tls` wants it. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly clock: Clock;
  readonly log: Logger;
  readonly tail: LogTail;
  readonly spawn: (index: number, spec: RouteTableSpec) => WorkerPort;
  /** Requests that are over, for whoever writes them down. */
  readonly onRequests: (records: readonly RequestRecord[], dropped: number) => void;
  /** What faces show to operators, besides what is the control plane's own. */
  readonly routes?: readonly OperatorRoute[];
  /** Who sends the alerts, if anybody does. */
  readonly follower?: FleetFollower | undefined;
}

const LOOK_MS = 100;
const SECOND_MS = 1000;

export class ControlPlane {
  readonly #parts: ControlParts;
  readonly #startedMs: number;
  readonly #force: ConfigInForce;
  readonly #fetcher = new TextFetcher();
  readonly #fleet: Fleet;
  readonly #supervisor: Supervisor;
  readonly #prober: Prober;
  readonly #scraper: Scraper;
  /** States with their reasons, probes on request, the operator's word. */
  readonly health: FleetHealth;
  readonly #rpm: RpmMeter;
  readonly #ledger: TrafficLedger;
  readonly #traffic: TrafficStats;
  readonly #board: StatusBoard;
  readonly #timers: NodeJS.Timeout[] = [];
  #operations: OperationsListener | undefined;
  #access: OperatorAccess | undefined;
  #started = false;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#force = new ConfigInForce({
      ...{ atStart: parts.config, hooks: parts, log: parts.log },
      fleet: () => this.#fleet,
      configureWorkers: (options) => this.#supervisor.configure(options),
      onProblems: (problems) => this.#board.noteProblems(problems),
    });
    const { state, clock, log } = parts;
    const { columns, totals } = state;
    this.#startedMs = clock.nowMs();
    this.#rpm = new RpmMeter(columns);
    this.#ledger = new TrafficLedger(state.meters);
    this.#traffic = new TrafficStats(this.#ledger, clock);
    this.#fleet = new Fleet({
      strategy: () => this.#force.now.routing.strategy,
      columns,
      clock,
      publish: (spec) => this.#supervisor.publish(spec),
      adoptedEpoch: () => this.#supervisor.adoptedEpoch,
      onForget: (slot) => this.#forget(slot),
      onChange: (change) => this.#logChange(change),
    });
    this.#supervisor = new Supervisor(
      {
        ...{ workers: parts.workers, columns, totals, clock, spawn: parts.spawn },
        onEvent: (event) => this.#logEvent(event),
        onRequests: parts.onRequests,
        onShadow: (tally) => logShadow(log, tally),
        onCrash: (index, reason) =>
          log.error({ worker: index, reason }, 'a worker ended; replacing it'),
        later: (run, afterMs) => setTimeout(run, afterMs).unref(),
      },
      this.#fleet.spec,
    );
    const shared = {
      targets: () => this.#fleet.endpoints,
      columns: columns.control,
      clock,
      fetchText: this.#fetcher.fetch,
      random: new Xorshift(randomInt(1, 2 ** 31)),
    };
    this.#prober = new Prober({
      ...shared,
      rules: () => this.#force.now.healthCheck,
      onChange: (change) => this.#logProbe(change),
      onNotice: (spec, notice) => log.warn({ endpoint: spec.id, notice }, 'odd answer to a probe'),
    });
    this.health = new FleetHealth({
      ...{ columns, clock, prober: this.#prober, wallMs: Date.now },
      slowStartMs: () => this.#force.now.ejection.slowStartMs,
    });
    this.#scraper = new Scraper({
      ...shared,
      intervalMs: () => this.#force.now.monitor.collectIntervalMs,
    });
    this.#board = this.#makeBoard();
  }

  get endpoints(): readonly EndpointSpec[] {
    return this.#fleet.endpoints;
  }

  /** Starts the workers with what was loaded, then the loops; a value tells why it cannot. */
  async start(loaded: Loaded): Promise<StartFailure | undefined> {
    this.#force.begin(loaded);
    this.#started = true;
    const failure = await this.#supervisor.start();
    if (failure !== undefined) return failure;
    this.#prober.tick();
    this.#every(LOOK_MS, () => {
      this.#prober.tick();
      this.#scraper.tick();
    });
    this.#every(SECOND_MS, () => {
      this.#rpm.sample(this.#fleet.endpoints.map((endpoint) => endpoint.slot));
      this.#traffic.tick(this.#fleet.endpoints);
      this.#fleet.tick();
      this.health.look(this.#fleet.endpoints);
      this.#board.tick();
      // Who watches was let in by the old token.
      if (this.#access?.takeChange()) this.#board.live.close();
      this.#inform();
    });
    await this.#listen();
    return undefined;
  }

  /** The options as they count now. */
  get config(): Config {
    return this.#force.now;
  }

  /** Reading the files anew, and going back; there once `start` has been called. */
  get reloads(): Reloads {
    return this.#force.reloads;
  }

  /** Where operators are served, as a browser opens it; '' = nowhere. */
  get operationsUrl(): string {
    if (this.#operations === undefined) return '';
    const { host, tls } = this.#parts.config.dashboard;
    const name = host.includes(':') ? `[${host}]` : host;
    return `${tls ? 'https' : 'http'}://${name}:${this.#operations.port}/`;
  }

  /** Requests in flight at any endpoint. */
  inFlight(): number {
    const { columns } = this.#parts.state;
    let sum = 0;
    for (let slot = 0; slot < columns.slots; slot++) sum += sumOf(columns, 'inFlight', slot);
    return sum;
  }

  drain(delayMs: number, timeoutMs: number): Promise<void> {
    return this.#supervisor.drain(delayMs, timeoutMs);
  }

  stop(): void {
    this.#force.reloads?.stop();
    for (const timer of this.#timers) clearInterval(timer);
    this.#parts.follower?.stop();
    this.#board.live.close();
    this.#operations?.close();
    this.#fetcher.dispose();
    this.#supervisor.stop();
  }

  async #listen(): Promise<void> {
    const { config, log, clock } = this.#parts;
    if (!config.dashboard.enabled) return;
    const { host, webPort: port, tls: withTls } = config.dashboard;
    const token = () => this.#force.now.dashboard.token;
    const access = new OperatorAccess({
      ...{ token, exposed: !isLoopback(host), clock, tls: withTls },
      onGuessing: (peer) =>
        log.warn({ peer }, 'wrong tokens: those of an address are refused for a minute'),
    });
    this.#access = access;
    try {
      this.#operations = await listenForOperators({
        ...{ host, port, access, routes: new OperatorRoutes(this.#routes(access)) },
        tls: withTls ? this.#parts.certificate : undefined,
        onError: (error, path) => log.error({ err: error, path }, 'an operator got no answer'),
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      log.warn({ host, port, code }, 'no operations listener: choose another dashboard.web_port');
      return;
    }
    log.info({ url: this.operationsUrl }, 'operations');
  }

  /** All that operators are served. */
  #routes(access: OperatorAccess): OperatorRoute[] {
    const { clock, log, tail, version } = this.#parts;
    const sources = {
      ...this.#parts.state,
      clock: this.#parts.clock,
      startedMs: this.#startedMs,
      rpm: this.#rpm,
      endpoints: () => this.#fleet.endpoints,
      reportOf: (slot: number) => this.#scraper.reportOf(slot),
      engineOf: (slot: number) => this.#prober.engineOf(slot),
      healthOf: (slot: number) => this.health.healthOf(slot),
    };
    const rows: OperatorRoute[] = [
      {
        method: 'GET',
        path: '/api/dashboard',
        summary: 'System, requests, source types, models and endpoints, as the dashboards read it.',
        handle: () => jsonReply(200, dashboardJson(sources)),
      },
      metricsRoute(this.#metricsSources()),
      ...boardRoutes(this.#board),
      ...adminRoutes({
        ...{ access, log, tail, fleet: this.#fleet, health: this.health },
        rowOf: (spec) => this.#board.rowOf(spec),
        status: () => this.#board.status,
        explain: (query) => this.#supervisor.explain(query),
        wallOffsetMs: () => Date.now() - clock.nowMs(),
        config: () => this.#force.now,
        reloads: this.reloads,
        settings: () => this.#force.loaded.settings ?? new Map(),
      }),
      ...(this.#parts.routes ?? []),
    ];
    rows.push(openapiRoute(() => rows, version));
    return rows;
  }

  #metricsSources(): MetricsSources {
    const { state, clock, version } = this.#parts;
    return {
      ...state,
      clock,
      ledger: this.#ledger,
      endpoints: () => this.#fleet.endpoints,
      version,
      runtime: runtimeName(),
      keyNames: this.#parts.keyNames,
      epoch: () => this.#fleet.spec.epoch,
      adoptedEpoch: () => this.#supervisor.adoptedEpoch,
      config: () => this.#board.status.config,
      stateOf: (spec) => this.health.stateOf(spec).state,
    };
  }

  #makeBoard(): StatusBoard {
    const { state, clock, version, workers } = this.#parts;
    return new StatusBoard({
      ...state,
      rpm: this.#rpm,
      nowMs: clock.nowMs,
      wallMs: Date.now,
      router: {
        version,
        pid: process.pid,
        runtime: runtimeName(),
        workers,
        started_at_ms: Date.now(),
      },
      strategy: () => this.#force.now.routing.strategy,
      refreshIntervalMs: () => this.#force.now.dashboard.refreshIntervalMs,
      endpoints: () => this.#fleet.endpoints,
      epoch: () => this.#fleet.spec.epoch,
      traffic: () => this.#traffic.read(),
      reportOf: (slot) => this.#scraper.reportOf(slot),
      engineOf: (slot) => this.#prober.engineOf(slot),
      stateOf: (spec) => this.health.stateOf(spec),
    });
  }

  #inform(): void {
    const { follower, state, clock } = this.#parts;
    if (follower === undefined) return;
    const { endpoints } = this.#fleet;
    const healthOf = (slot: number) => this.health.healthOf(slot);
    const sources = { clock, startedMs: this.#startedMs, rpm: this.#rpm, endpoints, healthOf };
    follower.look(fleetStatus({ totals: state.totals, ...sources }));
  }

  #every(ms: number, run: () => void): void {
    this.#timers.push(setInterval(run, ms));
  }

  #forget(slot: number): void {
    this.health.forget(slot);
    this.#rpm.forget(slot);
    this.#traffic.forget(slot);
  }

  #logChange(change: FleetChange): void {
    this.#board.noteChange(change);
    this.#enable(new Set(change.added));
    logChange(this.#parts.log, change, this.#started);
  }

  /** One that left the files and came back is not drained any more: the files have the say. */
  #enable(added: ReadonlySet<string>): void {
    for (const spec of this.#fleet.endpoints) {
      if (added.has(spec.id)) this.health.setOperatorState(spec, 'enabled', 'a reload');
    }
  }

  #logProbe({ spec, from, to, reason, atMs }: ProbeChange): void {
    this.health.note(spec);
    if (to === PROBE_UP) {
      // One that is new has nothing to recover from.
      if (from === PROBE_DOWN) noteRecovery(this.#parts.state.columns, spec.slot, atMs);
      this.#parts.log.info({ endpoint: spec.id }, 'endpoint is up');
      this.#scraper.retryNow(spec.id);
    } else {
      this.#parts.log.warn({ endpoint: spec.id, reason }, 'endpoint is down');
      const { id, modelName } = spec;
      this.#parts.follower?.failed({ id, modelName, voice: 'probe', cause: reason });
    }
  }

  #logEvent(event: PlaneEvent): void {
    const { kind, endpointId, requestId, detail, dropped } = event;
    const fields = { endpoint: endpointId, request: requestId, code: detail, dropped };
    const failure = failureOf(event, this.#fleet.endpoints);
    if (failure !== undefined) this.#parts.follower?.failed(failure);
    if (kind === 'ejected') {
      const spec = this.#fleet.endpoints.find(({ id }) => id === endpointId);
      if (spec !== undefined) this.health.note(spec);
      this.#parts.log.warn(fields, 'ejected an endpoint');
    } else {
      this.#parts.log.debug(fields, 'an attempt failed');
    }
  }
}

function runtimeName(): string {
  const { bun, node } = process.versions;
  return bun === undefined ? `Node ${node}` : `Bun ${bun}`;
}
