/**
 * Brings planned services up: nodes side by side, the services of one node one after another with a
 * pause, each watched until it is ready, has failed, or time is up.
 *
 * Invariant: what goes wrong with one service or one node is that one's failure and stops no
 * other; a port that is taken is left to its owner and another one tried.
 */
import { onPort } from './engine-command.ts';
import type { FleetNode } from './fleet.ts';
import { parseLooks } from './node-answers.ts';
import { fetchNear } from './node-fetch.ts';
import { lookScript, startScript, stopScript } from './node-script.ts';
import type { NodeFacts, Service } from './plan.ts';
import { askEngine, type Fetch } from './readiness.ts';
import { type Phase, ServiceRun } from './service-run.ts';
import type { Ssh } from './ssh.ts';

export interface RolloutOptions {
  readonly ssh: Pick<Ssh, 'run'>;
  readonly fetch: Fetch;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
  /** Resolves early when the rollout is interrupted. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Below 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly stateDir: string;
  /** Between two starts on a node. */
  readonly staggerMs: number;
  /** From its start until a service must be ready. */
  readonly timeoutMs: number;
  /** Between SIGTERM and SIGKILL, for what is stopped in order to start anew. */
  readonly graceMs: number;
  /** Called once with all of them, unless there are none. */
  readonly onBegin: (runs: readonly ServiceRun[]) => void;
  readonly onChange: (run: ServiceRun) => void;
  /** Called once for each service that is ready; awaited. */
  readonly onReady: (service: Service) => Promise<void>;
  /** Before services are stopped in order to be replaced. */
  readonly beforeReplace: (services: readonly Service[]) => Promise<void>;
}

const START_MS = 60_000;
const LOOK_MS = 30_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 2000;
const MAX_CONFLICTS = 5;
const LAST_PORT = 65_535;
/** A node may be away for a moment; a minute is a moment for an engine that loads for ten. */
const MAX_MISSED_LOOKS = 10;
const BACKLOG_BYTES = 65_536;

/** Resolves when every service has settled, or the signal came; `facts` by host. */
export async function rollOut(
  services: readonly Service[],
  facts: ReadonlyMap<string, NodeFacts>,
  options: RolloutOptions,
): Promise<ServiceRun[]> {
  const runs = services.map((service) => new ServiceRun(service));
  if (runs.length === 0) return runs;
  options.onBegin(runs);
  const ports = new Set(services.map(({ port }) => port));
  const hosts = [...new Set(services.map(({ node }) => node.host))];
  const nodes = hosts.map((host) => {
    const own = runs.filter(({ service }) => service.node.host === host);
    const busy = facts.get(host)?.ports ?? new Set<number>();
    return new NodeRollout(own, { busy, planned: ports }, options).run();
  });
  await Promise.all(nodes);
  return runs;
}

interface Ports {
  /** In use on the node. */
  readonly busy: ReadonlySet<number>;
  /** Given to a service of any node. */
  readonly planned: Set<number>;
}

class NodeRollout {
  readonly #runs: readonly ServiceRun[];
  readonly #node: FleetNode;
  readonly #ports: Ports;
  readonly #options: RolloutOptions;
  #nextStartMs = 0;
  #missedLooks = 0;
  /** Since the last look something started on another port. */
  #hasMoved = false;
  /** Announcements of ready services under way. */
  readonly #told: Promise<void>[] = [];

  constructor(runs: readonly ServiceRun[], ports: Ports, options: RolloutOptions) {
    this.#runs = runs;
    this.#node = runs[0]!.service.node;
    this.#ports = ports;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { signal, sleep } = this.#options;
    await this.#clearForReplacements();
    for (const run of this.#runs) if (run.service.action === 'keep') this.#watchRunning(run);
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted && this.#runs.some(({ isSettled }) => !isSettled)) {
      const isNew = await this.#startNext();
      await this.#look();
      if (isNew || this.#hasMoved) pauseMs = FIRST_PAUSE_MS;
      this.#hasMoved = false;
      await sleep(pauseMs);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.3);
    }
    await Promise.all(this.#told);
  }

  async #clearForReplacements(): Promise<void> {
    const services = this.#runs
      .map(({ service }) => service)
      .filter(({ action }) => action === 'replace');
    if (services.length === 0) return;
    await this.#options.beforeReplace(services);
    const fault = await this.#stop(services.map(({ id }) => id));
    if (fault === '') return;
    for (const run of this.#runs) {
      if (run.service.action === 'replace') this.#fail(run, `could not be stopped: ${fault}`, '');
    }
  }

  async #stop(ids: readonly string[]): Promise<string> {
    const { ssh, stateDir, graceMs } = this.#options;
    const script = stopScript(stateDir, { ids, graceMs, forget: false });
    const { stdout, fault } = await ssh.run(this.#node, script, graceMs + START_MS);
    const isStuck = /^@stopped \S+ stuck$/m.test(stdout.toString('utf8'));
    return isStuck ? 'its processes do not end' : fault;
  }

  /** It may have been ready for days: asked at once, and its log read from near the end. */
  #watchRunning(run: ServiceRun): void {
    run.begin(this.#options.nowMs());
    run.offset = -BACKLOG_BYTES;
    run.watch.isReady = true;
    this.#enter(run, 'checking', 'runs already');
  }

  async #startNext(): Promise<boolean> {
    const { nowMs, staggerMs } = this.#options;
    const run = this.#runs.find(({ phase }) => phase === 'queued');
    if (run === undefined || nowMs() < this.#nextStartMs) return false;
    this.#nextStartMs = nowMs() + staggerMs;
    await this.#start(run);
    return true;
  }

  async #start(run: ServiceRun): Promise<void> {
    const { ssh, stateDir, nowMs } = this.#options;
    run.begin(nowMs());
    this.#enter(run, 'starting', '');
    const { node: _, action: _action, ...record } = run.service;
    const script = startScript(stateDir, record);
    const { stdout, fault } = await ssh.run(this.#node, script, START_MS);
    if (fault !== '') return this.#fail(run, fault, '');
    const answer = /^@(started|refused) (.*)$/m.exec(stdout.toString('utf8'));
    if (answer?.[1] === 'started') return this.#enter(run, 'loading', '');
    this.#fail(run, answer?.[2] ?? 'the node did not say whether it started', '');
  }

  async #look(): Promise<void> {
    const { ssh, stateDir } = this.#options;
    const watched = this.#runs.filter(({ phase }) => phase === 'loading' || phase === 'checking');
    if (watched.length === 0) return;
    const positions = watched.map(({ service, offset }) => ({ id: service.id, offset }));
    const { stdout, fault } = await ssh.run(this.#node, lookScript(stateDir, positions), LOOK_MS);
    if (fault !== '') return this.#missed(watched, fault);
    this.#missedLooks = 0;
    const looks = parseLooks(stdout);
    for (const run of watched) {
      const look = looks.get(run.service.id);
      if (look === undefined || run.isSettled) continue;
      const before = run.detail;
      run.read(look.log, look.offset);
      if (run.detail !== before) this.#options.onChange(run);
      await this.#judge(run, look.isAlive);
    }
  }

  #missed(watched: readonly ServiceRun[], fault: string): void {
    this.#missedLooks++;
    if (this.#missedLooks < MAX_MISSED_LOOKS) return;
    const advice = 'its engine may go on: deploy status, when the node is back';
    for (const run of watched) if (!run.isSettled) this.#fail(run, `lost: ${fault}`, advice);
  }

  async #judge(run: ServiceRun, isAlive: boolean): Promise<void> {
    const { nowMs, timeoutMs } = this.#options;
    const { watch, service } = run;
    if (watch.isPortTaken && run.service.action !== 'keep') return this.#moveToOtherPort(run);
    if (!isAlive) {
      const { line, advice } = watch.cause();
      const said = line === '' ? 'it wrote nothing' : line;
      return this.#fail(run, `ended: ${said}`, advice || `deploy logs shows what it wrote`);
    }
    if (nowMs() - run.startedMs > timeoutMs) {
      const seconds = Math.round(timeoutMs / 1000);
      const last = run.detail === '' ? '' : `; last: ${run.detail}`;
      const advice = `it goes on; wait longer with --health-check-timeout, or stop ${service.id}`;
      return this.#fail(run, `not ready after ${seconds} s${last}`, advice);
    }
    if (watch.isReady && !run.isBeingAsked) this.#ask(run);
  }

  /** Beside the looks: the first completion may take a minute. */
  #ask(run: ServiceRun): void {
    run.isBeingAsked = true;
    const { service } = run;
    if (run.phase === 'loading') this.#enter(run, 'checking', 'says it is ready');
    const { ssh, fetch } = this.#options;
    void askEngine(service, fetchNear(service, ssh, fetch)).then(({ state, note }) => {
      run.isBeingAsked = false;
      // Meanwhile it may have ended, or moved to another port.
      if (run.phase !== 'checking' || run.service !== service) return;
      if (this.#options.signal.aborted) return;
      if (state === 'wait') return this.#enter(run, 'checking', note);
      run.settledMs = this.#options.nowMs();
      this.#enter(run, 'ready', note);
      this.#told.push(this.#options.onReady(service));
    });
  }

  async #moveToOtherPort(run: ServiceRun): Promise<void> {
    const { service } = run;
    const port = this.#otherPort(service.port);
    run.conflicts++;
    if (run.conflicts > MAX_CONFLICTS || port === 0) {
      const advice = 'give another first port (--port)';
      const stopped = await this.#stop([service.id]);
      const tries = `ports were taken ${run.conflicts} times in a row`;
      return this.#fail(run, stopped === '' ? tries : `${tries}; stopping: ${stopped}`, advice);
    }
    this.#enter(run, 'starting', `port ${service.port} was taken, trying ${port}`);
    const fault = await this.#stop([service.id]);
    if (fault !== '') return this.#fail(run, `could not be stopped: ${fault}`, '');
    run.service = {
      ...service,
      port,
      apiBase: service.apiBase.replace(/:\d+\/v1$/, `:${port}/v1`),
      command: onPort(service.command, port),
    };
    this.#hasMoved = true;
    await this.#start(run);
  }

  /** 10 to 50 above, as its users know it; 0 = none is free. */
  #otherPort(taken: number): number {
    const { busy, planned } = this.#ports;
    let port = taken + 10 + Math.floor(this.#options.random() * 41);
    while (port <= LAST_PORT && (busy.has(port) || planned.has(port))) port++;
    if (port > LAST_PORT) return 0;
    planned.add(port);
    return port;
  }

  #enter(run: ServiceRun, phase: Phase, detail: string): void {
    run.phase = phase;
    run.detail = detail;
    this.#options.onChange(run);
  }

  #fail(run: ServiceRun, reason: string, advice: string): void {
    run.settledMs = this.#options.nowMs();
    run.advice = advice;
    this.#enter(run, 'failed', reason);
  }
}
