/**
 * A worker thread dies. Nothing in the product can be asked to do that, so the debugger does it:
 * the router is started with Node's inspector and one of its threads is told to exit.
 */
import { connectRaw, type RawClient } from '../fakes/raw-client.ts';
import { chunk, type Script, STREAM_HEAD, startRawEngine } from '../fakes/raw-engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep, until } from '../fakes/until.ts';
import { chatEvent, good, MODEL, untilIdle } from '../scenarios/fault-rig.ts';
import { chatRequest, LoadClient } from '../scenarios/load-client.ts';
import { atMost, exactly, type Fault, type Finding, noted, type Scale } from './fault.ts';
import { listenersOn } from './proc.ts';

const WORKERS = 2;
const STREAMS = 24;
/** A worker younger than 5 s counts as one that dies at once, and is replaced after a pause. */
const GROWN_UP_MS = 5500;
const CRASHES: Readonly<Record<Scale, number>> = { short: 1, long: 4 };
const REPLACED_MS: Readonly<Record<Scale, number>> = { short: 3000, long: 1000 };
const CRASHED = 'a worker ended; replacing it';
/** So long after the router has noticed a crash no client may notice it any more. */
const AFTERMATH_MS = 100;
/** What the dashboard counts may lag behind what clients see by so much. */
const GAUGE_MS = 2000;

export const CRASH: readonly Fault[] = [
  {
    title: 'a worker thread that crashes',
    provoked:
      `${STREAMS} long streams and small requests on two workers; the inspector makes one thread ` +
      'exit; four times, two of them within 5 s of the last',
    seen: "the crashed worker's clients lose their connection, the others nothing",
    notUnderBun: "the crash is made with Node's inspector, which Bun does not have",
    run: crash,
  },
];

const lasting: Script = (stage) => {
  if (!stage.request.body.includes('"stream":true')) return good(stage);
  stage.send(STREAM_HEAD);
  stage.send(chunk(chatEvent('first')));
  return undefined;
};

interface Blow {
  readonly replacedMs: number;
  readonly lost: number;
  /** In flight by the dashboard, less the streams that are alive. */
  readonly gaugeError: number;
}

async function crash(scale: Scale): Promise<Finding[]> {
  const engine = await startRawEngine(lasting, MODEL);
  const router = await startRouter({
    endpoints: [{ url: engine.url, model: MODEL }],
    config: { server: { workers: WORKERS }, retry: { failure_threshold: 1_000_000 } },
    under: ['env', 'NODE_OPTIONS=--inspect=127.0.0.1:0'],
  });
  const inspector = await Inspector.open(router);
  const small = new SmallTalk(router.port);
  const blows: Blow[] = [];
  try {
    for (let time = 0; time < CRASHES[scale]; time++) {
      if (time % 2 === 1) await sleep(GROWN_UP_MS);
      blows.push(await strike(router, inspector, small));
      await until('the worker is known', () => inspector.workers === WORKERS);
    }
    await small.stop();
    await untilIdle(router);
    const { requests } = await router.dashboard();
    const inFlight = requests.total - requests.success - requests.failures;
    const slowest = Math.max(...blows.map(({ replacedMs }) => replacedMs));
    const gauges = Math.max(...blows.map(({ gaugeError }) => Math.abs(gaugeError)));
    return [
      atMost('replaced within', slowest, REPLACED_MS[scale], 'ms'),
      exactly(`failed of ${small.later} requests that began later`, small.failedLater, 0),
      noted('streams and requests lost with their workers', `${sumOf(blows)} + ${small.lost}`),
      exactly('in-flight gauge, error after a crash', gauges, 0),
      exactly('in-flight gauge at the end', inFlight, 0),
    ];
  } finally {
    inspector.close();
    await small.stop();
    await router.stop();
    await engine.close();
  }
}

function sumOf(blows: readonly Blow[]): number {
  return blows.reduce((sum, { lost }) => sum + lost, 0);
}

async function strike(
  router: RunningRouter,
  inspector: Inspector,
  small: SmallTalk,
): Promise<Blow> {
  const streams: RawClient[] = [];
  const { head, body } = chatRequest(MODEL, true);
  for (let i = 0; i < STREAMS; i++) {
    const client = await connectRaw(router.port);
    client.send(Buffer.concat([head, body]));
    streams.push(client);
  }
  for (const stream of streams) await stream.untilText('first');
  const crashMs = performance.now();
  small.crashed(crashMs);
  inspector.crashOne();
  // From here on the dead worker's socket is gone; its replacement may come at once.
  const crashes = () => router.logs().filter(({ msg }) => msg === CRASHED).length;
  await until('the crash is noticed', () => crashes() > small.crashes);
  small.noticed();
  small.crashes = crashes();
  await until('it is replaced', () => listenersOn(router.port) === WORKERS);
  const replacedMs = performance.now() - crashMs;
  await sleep(300);
  await small.pause();
  const isOpen = ({ ending }: RawClient) => ending === 'open';
  const gaugeError = await errorOfGauge(router, () => streams.filter(isOpen).length);
  const alive = streams.filter(isOpen);
  small.goOn();
  for (const stream of streams) stream.abort();
  return { replacedMs, lost: STREAMS - alive.length, gaugeError };
}

/** 0 as soon as it is right. */
async function errorOfGauge(router: RunningRouter, alive: () => number): Promise<number> {
  const untilMs = performance.now() + GAUGE_MS;
  for (;;) {
    const { backends } = await router.dashboard();
    const error = backends[0]!.connections - alive();
    if (error === 0 || performance.now() > untilMs) return error;
    await sleep(10);
  }
}

/** Small requests, each on a connection of its own, all the time. */
class SmallTalk {
  readonly #port: number;
  #crashMs = Number.POSITIVE_INFINITY;
  #noticedMs = Number.POSITIVE_INFINITY;
  #talking = true;
  #over = false;
  #running = 0;
  later = 0;
  failedLater = 0;
  /** Those that were under way at a crash. */
  lost = 0;
  crashes = 0;

  constructor(port: number) {
    this.#port = port;
    void this.#talk();
  }

  crashed(atMs: number): void {
    this.#crashMs = atMs;
    this.#noticedMs = Number.POSITIVE_INFINITY;
  }

  noticed(): void {
    this.#noticedMs = performance.now();
  }

  async pause(): Promise<void> {
    this.#talking = false;
    await until('the last small request is over', () => this.#running === 0);
  }

  goOn(): void {
    this.#talking = true;
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.pause();
  }

  async #talk(): Promise<void> {
    while (!this.#over) {
      if (this.#talking) void this.#one();
      await sleep(10);
    }
  }

  async #one(): Promise<void> {
    this.#running++;
    const client = new LoadClient(this.#port, 5000);
    const begunMs = performance.now();
    const { kind } = await client.send(chatRequest(MODEL, false));
    client.close();
    // Over before the crash, or begun after it: judged at its end, when a crash is known.
    const later = performance.now() < this.#crashMs || begunMs > this.#noticedMs + AFTERMATH_MS;
    if (later) this.later++;
    if (kind !== 'ok' && later) this.failedLater++;
    else if (kind !== 'ok') this.lost++;
    this.#running--;
  }
}

interface InspectorMessage {
  readonly method?: string;
  readonly params?: {
    readonly sessionId?: string;
    readonly workerInfo?: { readonly title: string };
  };
}

/** Node's inspector protocol, as far as ending a worker thread needs it. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #sessions: string[] = [];
  #id = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { method, params } = JSON.parse(String(data)) as InspectorMessage;
      const session = params?.sessionId ?? '';
      // The thread that reads the configuration is none of them.
      const carriesTraffic = params?.workerInfo?.title.includes('worker-') === true;
      if (method === 'NodeWorker.attachedToWorker' && carriesTraffic) this.#sessions.push(session);
      const at = this.#sessions.indexOf(session);
      if (method === 'NodeWorker.detachedFromWorker' && at >= 0) this.#sessions.splice(at, 1);
    });
  }

  static async open(router: RunningRouter): Promise<Inspector> {
    const address = /Debugger listening on (ws:\S+)/;
    await until('the inspector listens', () => address.test(router.child.output));
    const socket = new WebSocket(address.exec(router.child.output)![1]!);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    const inspector = new Inspector(socket);
    inspector.#send('NodeWorker.enable', { waitForDebuggerOnStart: false });
    await until('the workers are known', () => inspector.workers === WORKERS);
    return inspector;
  }

  get workers(): number {
    return this.#sessions.length;
  }

  /** Ends the worker that is known longest. */
  crashOne(): void {
    const params = { expression: 'process.exit(1)' };
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params });
    const sessionId = this.#sessions[0]!;
    this.#send('NodeWorker.sendMessageToWorker', { sessionId, message });
  }

  close(): void {
    this.#socket.close();
  }

  #send(method: string, params: object): void {
    this.#socket.send(JSON.stringify({ id: ++this.#id, method, params }));
  }
}
