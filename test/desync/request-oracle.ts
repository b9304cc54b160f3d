/**
 * Judges what the router made of a case: whether it took the same requests out of the bytes as
 * two other readers, forwarded these and no others, and gave each its own answer.
 */
import assert from 'node:assert/strict';
import { type Case, MODEL, makeCanary } from './cases.ts';
import { bodyOf, type NodeMessage, NodeReader, valueIn } from './node-reader.ts';
import { ObservedClient } from './observed-client.ts';
import type { RecordingOrigin } from './recording-origin.ts';
import { type Reading, type ReadMessage, readRequests, valuesIn } from './reference-reader.ts';

/** Fields that the router adds to a request or writes anew. */
const WRITTEN = new Set([
  ...['host', 'content-length', 'x-request-id', 'x-forwarded-for', 'x-forwarded-proto'],
  'x-forwarded-host',
]);
/** Refusals of llhttp that are not about framing: it knows methods by name, and takes the word
 * of Proxy-Connection for when a connection ends. */
const NOT_ABOUT_FRAMING = new Set(['HPE_INVALID_METHOD', 'HPE_CLOSED_CONNECTION']);

export interface Target {
  readonly port: number;
  readonly origin: RecordingOrigin;
  /** Bodies that may or may not have been forwarded: their client left. */
  readonly doubtful: Set<string>;
}

/** '' when nothing is wrong, else what is. */
export async function judge(target: Target, one: Case): Promise<string> {
  try {
    await play(target, one);
    await askCanary(target, `${one.seed}.fresh`);
    return '';
  } catch (error) {
    return error instanceof assert.AssertionError ? error.message : String(error);
  }
}

/** The bytes a client really sends, until its end. */
export function bytesOf(one: Case): Buffer {
  const bytes = Buffer.concat([...one.messages, one.canary]);
  return one.endsAt < 0 ? bytes : bytes.subarray(0, one.endsAt);
}

async function play(target: Target, one: Case): Promise<void> {
  const bytes = bytesOf(one);
  const reading = readRequests(bytes);
  compareReaders(bytes, reading);
  const { messages, rest } = reading;
  const isHead = (n: number) => (messages[n]?.method ?? rest.method) === 'HEAD';
  const client = await ObservedClient.open(target.port, isHead);
  try {
    const sent = client.send({ bytes, cuts: one.cuts, gapMs: one.gapMs });
    if (one.endsAt >= 0) {
      await sent;
      if (one.resets) client.socket.resetAndDestroy();
    } else {
      const count = messages.length + (rest.kind === 'refused' ? 1 : 0);
      assert.ok(await client.hasAnswers(count), `no answer; ${describe(client)}`);
    }
    if (!one.resets || one.endsAt < 0) {
      assert.ok(await client.finish(), `the connection stays open; ${describe(client)}`);
    }
    settle(target, { one, reading, client });
  } finally {
    client.close();
  }
}

/** A whole request on a connection of its own. */
async function askCanary({ port, origin }: Target, id: string): Promise<void> {
  const bytes = makeCanary(id);
  const [message] = readRequests(bytes).messages;
  const client = await ObservedClient.open(port, () => false);
  try {
    await client.send({ bytes, cuts: [], gapMs: 0 });
    await client.hasAnswers(1);
    const [answer] = client.answers();
    assert.ok(answer !== undefined, `no answer for a fresh canary; ${describe(client)}`);
    assertEcho(answer, message!);
    assert.equal(valueIn(answer, 'x-request-id'), id, 'request id of a fresh canary');
    assert.ok(origin.claim(message!.digest), 'a fresh canary was not forwarded');
  } finally {
    client.close();
  }
}

/** What the reference accepts, llhttp reads as the same messages. */
function compareReaders(bytes: Buffer, { messages }: Reading): void {
  const node = new NodeReader('requests');
  node.feed(bytes);
  const whole = node.whole();
  const { refused, stopped } = node;
  node.close();
  for (const [i, message] of messages.entries()) {
    const theirs = whole[i];
    if (theirs === undefined && (stopped || NOT_ABOUT_FRAMING.has(refused))) return;
    assert.ok(theirs, `llhttp does not read request ${i} (${refused}), the reference does`);
    assert.ok(bodyOf(theirs).equals(message.body), `llhttp reads another body of request ${i}`);
  }
}

interface Outcome {
  readonly one: Case;
  readonly reading: Reading;
  readonly client: ObservedClient;
}

/** Answers in order, one for each request, each to its own; what was forwarded and what not. */
function settle(target: Target, { one, reading, client }: Outcome): void {
  const { messages, rest } = reading;
  const answers = client.answers();
  const left = one.endsAt >= 0;
  assert.equal(client.reader.refused, '', `llhttp refuses the answers; ${describe(client)}`);
  let open = true;
  for (const [i, answer] of answers.entries()) {
    assert.ok(open, `an answer behind the last; ${describe(client)}`);
    const message = messages[i];
    if (message === undefined) assertLast(answer, rest.kind, i - messages.length);
    else settleOne(target, message, answer);
    open = valueIn(answer, 'connection').toLowerCase() !== 'close';
  }
  const unanswered = messages.slice(answers.length);
  if (left) for (const { digest } of unanswered) target.doubtful.add(digest);
  else if (open) assert.equal(unanswered.length, 0, `an answer is missing; ${describe(client)}`);
  const refusedSilently = open && rest.kind === 'refused' && answers.length <= messages.length;
  assert.ok(left || !refusedSilently, `refused (${rest.why}), but not by the router`);
}

function settleOne({ origin }: Target, message: ReadMessage, answer: NodeMessage): void {
  if (valueIn(answer, 'x-echo') === '') {
    assert.ok(!mustBeForwarded(message), `${answer.status} for a good request`);
    return;
  }
  assertEcho(answer, message);
  const forwarded = origin.claim(message.digest);
  assert.ok(forwarded, 'an echo of what the origin never got');
  // Clients join URLs carelessly: all spellings of a path go up as one.
  const target = message.target.replace(/^\/+(?:v1\/+)?/, '/v1/');
  assert.equal(forwarded.target, target, 'another target');
  for (const [name, value] of forwarded.fields) {
    const own = WRITTEN.has(name) || valuesIn(message.fields, name).includes(value);
    assert.ok(own, `the origin got a field nobody sent: ${name}: ${value}`);
  }
}

function assertEcho(answer: NodeMessage, message: ReadMessage): void {
  const said = bodyOf(answer).toString('latin1').slice(0, 300);
  assert.equal(answer.status, 200, said);
  assert.equal(valueIn(answer, 'x-echo'), message.digest, 'the answer of another request');
  const expected = `{"echo":"${message.digest}"}`;
  assert.equal(said, expected, 'the body of another answer');
}

/** The answer to a request that is not whole or no request at all. */
function assertLast(answer: NodeMessage, rest: Reading['rest']['kind'], nth: number): void {
  assert.equal(nth, 0, 'two answers behind the last request');
  assert.notEqual(rest, 'none', 'an answer that nobody asked for');
  assert.equal(valueIn(answer, 'x-echo'), '', 'a request was forwarded that is not one');
  assert.equal(valueIn(answer, 'connection').toLowerCase(), 'close', 'open after a refusal');
}

/** Nothing allows the router to answer this one itself. */
function mustBeForwarded({ method, target, fields, body }: ReadMessage): boolean {
  if (method !== 'POST' || target !== '/v1/chat/completions') return false;
  const expectations = valuesIn(fields, 'expect').map((value) => value.toLowerCase());
  if (expectations.some((value) => value !== '100-continue')) return false;
  if (fields.some(([name]) => name === 'content-encoding')) return false;
  try {
    return (JSON.parse(body.toString('latin1')) as { model?: unknown }).model === MODEL;
  } catch {
    return false;
  }
}

function describe(client: ObservedClient): string {
  const bytes = client.received();
  const text = JSON.stringify(bytes.toString('latin1', 0, 1500));
  return `the client got ${bytes.length} bytes: ${text}`;
}
