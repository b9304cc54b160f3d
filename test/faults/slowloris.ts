/**
 * Clients that occupy connections by doing everything as slowly as they can. Each way has a timer
 * that ends it; the timers are set short here, and the others go on as if nothing were.
 */
import type { RawClient } from '../fakes/raw-client.ts';
import { connectRaw, parseAnswer } from '../fakes/raw-client.ts';
import { chunk, type Script, STREAM_HEAD, startRawEngine } from '../fakes/raw-engine.ts';
import { startRouter } from '../fakes/router.ts';
import { sleep } from '../fakes/until.ts';
import { good, MODEL, untilIdle } from '../scenarios/fault-rig.ts';
import { chatRequest } from '../scenarios/load-client.ts';
import { standBy } from './bystander.ts';
import {
  atMost,
  exactly,
  type Fault,
  type Finding,
  inParallel,
  noted,
  type Scale,
} from './fault.ts';
import { descriptors } from './proc.ts';

const ATTACKERS: Readonly<Record<Scale, number>> = { short: 100, long: 1000 };
/** A reader that does not read costs megabytes of the kernel's memory. */
const FLOODED: Readonly<Record<Scale, number>> = { short: 10, long: 30 };
/** They come over so long a time, so that it is not their coming that is measured. */
const COMING_MS = 1500;
/** The idle timer is short for the others too: they keep no connection. */
const OTHERS = { perSecond: 50, forMs: 2000, fresh: true };
/** Every timer of this test. */
const TIMER_MS = 600;
const DEADLINE_MS = 1000;
/** Between a timer's time and the end of the connection: coarse timers, a busy machine. */
const SLACK_MS = 3500;
const DRIP_MS = 100;
/** Probes' own. */
const DESCRIPTORS = 2;
const EVENT_BYTES = 64 * 1024;

/** What one attacker does; it goes on until the connection has ended. */
type Attack = (client: RawClient) => Promise<void>;

interface Mode {
  readonly name: string;
  readonly provoked: string;
  readonly seen: string;
  /** Status that the attacker should read; 0 = none, the connection just ends. */
  readonly status: number;
  /** Only then the whole request has a short limit too. */
  readonly deadline?: boolean;
  readonly attack: Attack;
}

const BODY = '{"model":"m","messages":[]}';
const HEAD =
  'POST /v1/chat/completions HTTP/1.1\r\nHost: r\r\nContent-Type: application/json\r\n' +
  `Content-Length: ${BODY.length}\r\n\r\n`;

const MODES: readonly Mode[] = [
  {
    name: 'slow head',
    provoked: 'a byte of the request head every 100 ms',
    seen: '408 after `timeouts.request_head_ms`',
    status: 408,
    attack: (client) => drip(client, HEAD),
  },
  {
    name: 'slow body',
    provoked: 'a few bytes of the body, then nothing',
    seen: '408 after `timeouts.body_gap_ms`',
    status: 408,
    attack: async (client) => client.send(HEAD + BODY.slice(0, 5)),
  },
  {
    name: 'dripping body',
    provoked: 'a byte of the body every 100 ms, which no gap timer notices',
    seen: '504 after `http_client.request_timeout`',
    status: 504,
    deadline: true,
    attack: (client) =>
      drip(client, HEAD.replace(/\d+\r\n\r\n$/, '1000\r\n\r\n') + BODY, HEAD.length),
  },
  {
    name: 'slow reading',
    provoked: 'a stream is asked for and never read',
    seen: 'a reset after `timeouts.write_stall_ms`',
    status: 0,
    attack: askForFlood,
  },
  {
    name: 'slow reading beyond the deadline',
    provoked: 'the same, but its deadline comes before the reader counts as stalled',
    seen: 'a reset at the latest `timeouts.write_stall_ms` after `http_client.request_timeout`',
    status: 0,
    deadline: true,
    attack: askForFlood,
  },
  {
    name: 'idle connections',
    provoked: 'one good request, then nothing',
    seen: 'the connection is closed after `timeouts.keep_alive_idle_ms`',
    status: 200,
    attack: async (client) => {
      const { head, body } = chatRequest(MODEL, false);
      client.send(Buffer.concat([head, body]));
    },
  },
];

export const SLOWLORIS: readonly Fault[] = MODES.map((mode) => ({
  title: `slowloris: ${mode.name}`,
  provoked: `${countOf(mode)} connections: ${mode.provoked}; timers 0.6 s, deadlines 1 s`,
  seen: mode.seen,
  run: (scale) => withstand(mode, scale),
}));

function countOf(mode: Mode): string {
  const counts = mode.attack === askForFlood ? FLOODED : ATTACKERS;
  return counts.long.toLocaleString('en');
}

/** Floods whoever asks for it, with events that fill every buffer on the way. */
const serving: Script = async (stage) => {
  const { request, send } = stage;
  if (!request.body.includes('flood')) return good(stage);
  send(STREAM_HEAD);
  const event = chunk(`data: ${'x'.repeat(EVENT_BYTES)}\n\n`);
  for (let count = 0; count < 100 && request.closedAtMs < 0; count++) send(event);
};

async function withstand(mode: Mode, scale: Scale): Promise<Finding[]> {
  const engine = await startRawEngine(serving, MODEL);
  const router = await startRouter({
    endpoints: [{ url: engine.url, model: MODEL }],
    config: {
      http_client: {
        idle_conn_timeout: 0.3,
        ...(mode.deadline === true ? { request_timeout: DEADLINE_MS / 1000 } : {}),
      },
      timeouts: {
        request_head_ms: TIMER_MS,
        body_gap_ms: TIMER_MS,
        write_stall_ms: mode.deadline === true ? 2 * DEADLINE_MS : TIMER_MS,
        keep_alive_idle_ms: TIMER_MS,
      },
    },
  });
  const attackers = mode.attack === askForFlood ? FLOODED[scale] : ATTACKERS[scale];
  try {
    await standBy(router.port, MODEL, { ...OTHERS, forMs: 500 });
    await sleep(TIMER_MS + 300);
    const files = descriptors(router.pid);
    const ends: { tookMs: number; status: number }[] = [];
    const siege = inParallel(attackers, attackers, async (index) => {
      await sleep((index / attackers) * COMING_MS);
      ends.push(await besiege(router.port, mode));
    });
    const others = await standBy(router.port, MODEL, OTHERS);
    await siege;
    await untilIdle(router);
    const left = await descriptorsLeft(router.pid, files);
    const wrong = ends.filter(({ status }) => status !== mode.status).length;
    const slowestMs = Math.max(...ends.map(({ tookMs }) => tookMs));
    return [
      atMost(`the last of ${attackers} ended after`, slowestMs, limitOf(mode), 'ms'),
      exactly('attackers that were answered otherwise', wrong, 0),
      atMost('descriptors left', left, DESCRIPTORS, 'files'),
      exactly(`failed of ${others.requests} other requests`, others.failed, 0),
      noted('p99 of the others', `${others.p99Ms.toFixed(1)} ms`),
    ];
  } finally {
    await router.stop();
    await engine.close();
  }
}

/** As soon as they are few enough: the others' connections end by timers of their own. */
async function descriptorsLeft(pid: number, before: number): Promise<number> {
  const untilMs = performance.now() + TIMER_MS + SLACK_MS;
  for (;;) {
    const left = Math.max(0, descriptors(pid) - before);
    if (left <= DESCRIPTORS || performance.now() > untilMs) return left;
    await sleep(50);
  }
}

/** A deadline is followed by a lingering close and the patience with who does not read. */
function limitOf(mode: Mode): number {
  return (mode.deadline === true ? 5 * DEADLINE_MS : 2 * TIMER_MS) + SLACK_MS;
}

/** One attacker: how long it lasted and what it was told. */
async function besiege(port: number, mode: Mode): Promise<{ tookMs: number; status: number }> {
  const client = await connectRaw(port);
  // A paused socket is not told of its end; errors come anyway.
  const startedMs = performance.now();
  await mode.attack(client);
  if (mode.status === 0) await endOfUnread(client);
  else await client.ended(limitOf(mode) + 2000).catch(() => {});
  const tookMs = performance.now() - startedMs;
  const status = mode.status === 0 ? 0 : (parseAnswer(client.received())?.status ?? -1);
  client.abort();
  return { tookMs, status: client.ending === 'open' && mode.status !== 0 ? -2 : status };
}

/** A byte now and then is written until that fails: only so does a non-reader learn of a reset. */
async function endOfUnread(client: RawClient): Promise<void> {
  for (let look = 0; look < 150 && client.ending === 'open'; look++) {
    client.send(' ');
    await sleep(DRIP_MS);
  }
}

async function askForFlood(client: RawClient): Promise<void> {
  client.socket.pause();
  const { head, body } = chatRequest(MODEL, true);
  client.send(Buffer.concat([head, Buffer.from(body.toString().replace('hello', 'flood'))]));
}

async function drip(client: RawClient, text: string, atOnce = 0): Promise<void> {
  if (atOnce > 0) client.send(text.slice(0, atOnce));
  for (let at = atOnce; at < text.length && client.ending === 'open'; at++) {
    client.send(text[at]!);
    await sleep(DRIP_MS);
  }
}
