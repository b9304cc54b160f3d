/**
 * Requests to engines that answer wrongly: what of it may reach the client that asked, that
 * nothing of it reaches another, and that its connection serves nobody after it.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { bodyOf, valueIn } from './node-reader.ts';
import { ObservedClient } from './observed-client.ts';
import type { OddAnswer } from './odd-answers.ts';
import { answersFor, leakOf, markOf, type OddEngine, startOddEngine } from './odd-engine.ts';

const LANES = 8;
const MAX_FAILURES = 5;
const PATIENCE_MS = 3000;
/** More than sockets take at once, so that an engine can answer before it has read all. */
const EARLY_BODY = 400_000;

export class AnswerRig {
  readonly router: RunningRouter;
  readonly #engines: readonly OddEngine[];

  static async start(): Promise<AnswerRig> {
    const names = Array.from({ length: LANES }, (_, i) => `engine-${i}`);
    const engines = await Promise.all(names.map(startOddEngine));
    const router = await startRouter({
      endpoints: engines.map(({ url, model }) => ({ url, model })),
      config: {
        // One try each, and no ejection: every answer is to be seen as it is.
        routing: { num_retries: 0 },
        retry: { failure_threshold: 1_000_000 },
        health_check: { interval: 3600 },
        http_client: { idle_conn_timeout: 2 },
      },
    });
    return new AnswerRig(router, engines);
  }

  constructor(router: RunningRouter, engines: readonly OddEngine[]) {
    this.router = router;
    this.#engines = engines;
  }

  /** Plays every odd answer of these `rounds` times; what went wrong, in sentences. */
  async run(rounds: number, wanted: (name: string) => boolean = () => true): Promise<string[]> {
    const all = answersFor('');
    const chosen = all.flatMap(({ name }, index) => (wanted(name) ? [index] : []));
    const failures: string[] = [];
    let next = 0;
    const lane = async (engine: OddEngine) => {
      while (next < chosen.length * rounds && failures.length < MAX_FAILURES) {
        const odd = chosen[next % chosen.length]!;
        const id = `${next++}`;
        const answer = answersFor(id)[odd]!;
        const wrong = await this.#step(engine, { id, odd, answer });
        const complaint = wrong || (engine.complaints.shift() ?? '');
        if (complaint !== '') failures.push(`round ${id}, ${answer.name}: ${complaint}`);
      }
    };
    await Promise.all(this.#engines.map(lane));
    return failures;
  }

  async close(): Promise<void> {
    await this.router.stop();
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }

  async #step(engine: OddEngine, order: Ordered): Promise<string> {
    try {
      await this.#ask(engine, order);
      // Bytes that came in the same moment as the next request could not be told from its answer.
      if (order.answer.late !== undefined) await inTime(engine.lateOver);
      await this.#askRightly(engine, `${order.id}.fresh`);
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** The odd request and, behind it on the same connection, one that is answered rightly. */
  async #ask({ model }: OddEngine, { id, odd, answer }: Ordered): Promise<void> {
    const client = await ObservedClient.open(this.router.port, () => false);
    const follower = `${id}.next`;
    try {
      // A late second answer could not be told from the answer to a request sent before it came.
      const pipelined = answer.late === undefined ? [request(follower, model, -1)] : [];
      const bytes = Buffer.concat([request(id, model, odd, answer.early), ...pipelined]);
      await client.send({ bytes, cuts: [], gapMs: 0 });
      const expected = 1 + pipelined.length;
      assert.ok(await client.hasAnswers(expected), `no answer; ${shown(client)}`);
      assertOwn(client, [id, follower]);
      const [first, second] = client.answers();
      assertFirst(client, answer, id);
      if (pipelined.length === 0) return;
      if (first === undefined || second === undefined) {
        assert.ok(client.ended, `answered once; ${shown(client)}`);
        assert.ok(answer.whole === undefined, `the next request was lost; ${shown(client)}`);
      } else {
        assert.equal(bodyOf(second).toString('latin1'), markOf(follower), 'the next answer');
      }
    } finally {
      client.close();
    }
  }

  async #askRightly({ model }: OddEngine, id: string): Promise<void> {
    const client = await ObservedClient.open(this.router.port, () => false);
    try {
      await client.send({ bytes: request(id, model, -1), cuts: [], gapMs: 0 });
      await client.hasAnswers(1);
      assertOwn(client, [id]);
      const [answer] = client.answers();
      assert.ok(answer !== undefined, `no answer on a fresh connection; ${shown(client)}`);
      assert.equal(bodyOf(answer).toString('latin1'), markOf(id), 'the answer after it');
    } finally {
      client.close();
    }
  }
}

async function inTime(event: Promise<void>): Promise<void> {
  const late = delay(PATIENCE_MS, 'late', { ref: false });
  assert.notEqual(await Promise.race([event, late]), 'late', 'late bytes did not close');
}

interface Ordered {
  readonly id: string;
  readonly odd: number;
  readonly answer: OddAnswer;
}

function request(id: string, model: string, odd: number, early = false): Buffer {
  const filling = early ? `,"x":"${'x'.repeat(EARLY_BODY)}"` : '';
  const body = `{"id":"${id}","model":"${model}","odd":${odd}${filling}}`;
  const fields = early ? `X-Early: ${id}\r\n` : '';
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n${fields}`;
  return Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
}

/** Nothing of another's answer, and nothing that was never part of one. */
function assertOwn(client: ObservedClient, ids: readonly string[]): void {
  const bodies = client.reader.messages.map((message) => bodyOf(message).toString('latin1'));
  const text = bodies.join('\n');
  const raw = client.received().toString('latin1');
  assert.ok(!text.includes('leak-') && !raw.includes('leak-'), `leaked; ${shown(client)}`);
  const allowed = new Set(ids.map(markOf));
  const marks = text.match(/mark-[^;]*;/g) ?? [];
  for (const mark of marks) assert.ok(allowed.has(mark), `${mark} of another; ${shown(client)}`);
  assert.equal(client.reader.refused, '', `llhttp refuses the answers; ${shown(client)}`);
}

function assertFirst(client: ObservedClient, answer: OddAnswer, id: string): void {
  const [first] = client.answers();
  if (answer.whole === undefined) {
    const failed = first === undefined ? client.ended : first.status >= 500;
    assert.ok(failed, `it looks whole; ${shown(client)}`);
    return;
  }
  assert.ok(first !== undefined, `no whole answer; ${shown(client)}`);
  assert.equal(first.status, answer.status ?? 200, shown(client));
  assert.equal(bodyOf(first).toString('latin1'), answer.whole, shown(client));
  assert.notEqual(valueIn(first, 'x-request-id'), '', `no request id for ${leakOf(id)}`);
}

function shown(client: ObservedClient): string {
  const bytes = client.received();
  const text = JSON.stringify(bytes.toString('latin1', 0, 800));
  return `the client got ${bytes.length} bytes: ${text}`;
}
