/**
 * From a seed to what one client sends on one connection: some requests, most of them damaged, a
 * whole canary at the end, where the bytes are cut into segments and how the client ends.
 * Every request, also those hidden in bodies of others, has an id of its own in its body.
 */
import { type Random, Xorshift } from '../../src/core/random.ts';
import {
  CODINGS,
  FIELDS,
  HEAD_ENDS,
  HOST_LINES,
  LAST_CHUNKS,
  lengthLines,
  METHODS,
  oddChunks,
  PREFIXES,
  TARGETS,
  VERSIONS,
} from './shapes.ts';

export interface Case {
  readonly seed: number;
  readonly messages: readonly Buffer[];
  /** How many of the messages are not as they should be. */
  readonly mutated: number;
  readonly canary: Buffer;
  /** Offsets in the bytes of `messages` and canary at which a segment ends. */
  readonly cuts: readonly number[];
  /** Between two segments; 0 = the next turn of the event loop. */
  readonly gapMs: number;
  /** How many bytes are sent before the client ends; -1 = all of them, and the end comes last. */
  readonly endsAt: number;
  /** The early end is a reset instead of a FIN. */
  readonly resets: boolean;
}

interface Draft {
  before: string;
  method: string;
  target: string;
  version: string;
  host: string;
  fields: string[];
  framing: string;
  headEnd: string;
  body: string;
  /** The body's data without framing. */
  readonly data: string;
  chunked: boolean;
}

export const MODEL = 'm';
const PATH = '/v1/chat/completions';
const TURNS_ONLY = 0;
/** A body beyond one read of the router's sockets. */
const LARGE_BODY = 70_000;

export function makeCase(seed: number): Case {
  // The first steps of near seeds are alike.
  const random = new Xorshift(Math.imul(seed + 1, 0x9e3779b1));
  for (let i = 0; i < 8; i++) random.next();
  const count = 1 + random.below(3);
  const oddOne = random.below(count);
  const messages: Buffer[] = [];
  let mutated = 0;
  for (let i = 0; i < count; i++) {
    const odd = i === oddOne ? random.below(10) > 0 : random.below(10) === 0;
    if (odd) mutated++;
    messages.push(makeMessage(random, `${seed}.${i}`, odd));
  }
  const canary = makeCanary(`${seed}.canary`);
  const total = [...messages, canary].reduce((sum, { length }) => sum + length, 0);
  const early = random.below(12);
  return {
    seed,
    messages,
    mutated,
    canary,
    cuts: makeCuts(random, total),
    gapMs: random.below(4) === 0 ? 1 + random.below(2) : TURNS_ONLY,
    endsAt: early < 2 ? random.below(total + 1) : -1,
    resets: early === 0,
  };
}

/** A request that nothing is wrong with. */
export function makeCanary(id: string): Buffer {
  const body = `{"id":"${id}","model":"${MODEL}","messages":[]}`;
  const head = `POST ${PATH} HTTP/1.1\r\nHost: router.test\r\nX-Request-Id: ${id}\r\n`;
  return Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
}

function makeCuts(random: Random, total: number): number[] {
  const cuts: number[] = [];
  if (random.below(8) === 0) {
    // Byte by byte over a stretch.
    const from = random.below(total);
    for (let at = from; at < Math.min(total, from + 40); at++) cuts.push(at);
  } else {
    for (let n = random.below(5); n > 0; n--) cuts.push(random.below(total));
  }
  return cuts.sort((a, b) => a - b);
}

function makeMessage(random: Random, id: string, odd: boolean): Buffer {
  const draft = makeDraft(random, id);
  if (!odd) return Buffer.from(render(draft), 'latin1');
  const roll = random.below(20);
  for (let n = roll < 3 ? 0 : roll < 16 ? 1 : 2; n > 0; n--) {
    pick(random, MUTATIONS)(draft, random, id);
  }
  const text = render(draft);
  return Buffer.from(roll < 5 ? damage(text, random) : text, 'latin1');
}

function makeDraft(random: Random, id: string): Draft {
  const data = makeData(random, id);
  const chunked = random.below(5) < 2;
  const get = random.below(12) === 0;
  const draft: Draft = {
    before: '',
    method: get ? 'GET' : 'POST',
    target: get ? '/v1/models' : PATH,
    version: 'HTTP/1.1',
    host: 'Host: router.test\r\n',
    fields: [`X-Marker: ${id}\r\n`],
    framing: '',
    headEnd: '\r\n',
    body: '',
    data: get ? '' : data,
    chunked: chunked && !get,
  };
  if (get) return draft;
  if (random.below(10) === 0) {
    draft.version = 'HTTP/1.0';
    draft.chunked = false;
    if (random.below(2) === 0) draft.fields.push('Connection: keep-alive\r\n');
  }
  draft.framing = draft.chunked
    ? 'Transfer-Encoding: chunked\r\n'
    : `Content-Length: ${data.length}\r\n`;
  draft.body = draft.chunked ? chunksOf(data, random) : data;
  return draft;
}

function makeData(random: Random, id: string): string {
  const roll = random.below(40);
  const own = `{"id":"${id}","model":"${MODEL}","x":"`;
  if (roll < 16) return `${own}${hidden(`${id}.in`)}"}`;
  if (roll === 16) return `${own}${'x'.repeat(LARGE_BODY)}"}`;
  if (roll === 17) return '';
  return `${own}"}`;
}

/** A request that nobody sent: it stands inside the body of another. */
function hidden(id: string): string {
  const body = `{"id":"${id}","model":"${MODEL}"}`;
  const head = `POST ${PATH} HTTP/1.1\r\nHost: b\r\nContent-Length: ${body.length}`;
  return `\r\n\r\n${head}\r\n\r\n${body}`;
}

function chunk(data: string): string {
  return `${data.length.toString(16)}\r\n${data}\r\n`;
}

function chunksOf(data: string, random: Random): string {
  const at = random.below(data.length + 1);
  const parts = random.below(2) === 0 ? [data] : [data.slice(0, at), data.slice(at)];
  const chunks = parts.filter((part) => part !== '').map(chunk);
  return `${chunks.join('')}0\r\n\r\n`;
}

function render(draft: Draft): string {
  const { before, method, target, version, host, fields, framing, headEnd, body } = draft;
  const line = `${method} ${target}${version === '' ? '' : ' '}${version}`;
  return `${before}${line}\r\n${host}${fields.join('')}${framing}${headEnd}${body}`;
}

type Mutation = (draft: Draft, random: Random, id: string) => void;

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)]!;
}

/** Both framings: the body ends at different places for those who see one or the other. */
const bothFramings: Mutation = (draft, random, id) => {
  const inner = hidden(`${id}.both`).slice(4);
  const byCoding = `${draft.data === '' ? '' : chunk(draft.data)}0\r\n\r\n`;
  const shorter = random.below(2) === 0;
  const body = shorter ? byCoding + inner : chunk(draft.data + inner).concat('0\r\n\r\n');
  const length = shorter ? body.length : body.indexOf('\r\n') + 2;
  const coding = random.below(2) === 0 ? CODINGS[0] : pick(random, CODINGS);
  const lengthLine = `Content-Length: ${length}\r\n`;
  draft.framing = random.below(2) === 0 ? coding + lengthLine : lengthLine + coding;
  draft.body = body;
};

const oddCoding: Mutation = (draft, random, id) => {
  draft.framing = pick(random, CODINGS);
  const inner = random.below(2) === 0 ? '' : hidden(`${id}.te`).slice(4);
  draft.body = chunksOf(draft.data, random) + inner;
};

const oddLength: Mutation = (draft, random) => {
  draft.framing = pick(random, lengthLines(draft.data.length));
  draft.body = draft.data;
};

const oddChunk: Mutation = (draft, random) => {
  const at = random.below(draft.data.length + 1);
  const first = pick(random, oddChunks(draft.data.slice(0, at)));
  draft.framing = 'Transfer-Encoding: chunked\r\n';
  draft.body = `${first}${chunksOf(draft.data.slice(at), random)}`;
};

const oddLastChunk: Mutation = (draft, random) => {
  draft.framing = 'Transfer-Encoding: chunked\r\n';
  draft.body = `${draft.data === '' ? '' : chunk(draft.data)}${pick(random, LAST_CHUNKS)}`;
};

const oddField: Mutation = (draft, random) => {
  draft.fields.splice(random.below(draft.fields.length + 1), 0, pick(random, FIELDS));
};

const oddHost: Mutation = (draft, random) => {
  draft.host = pick(random, HOST_LINES);
};

const oddTarget: Mutation = (draft, random) => {
  draft.target = pick(random, TARGETS);
};

const oddMethod: Mutation = (draft, random) => {
  draft.method = pick(random, METHODS);
};

const oddVersion: Mutation = (draft, random) => {
  draft.version = pick(random, VERSIONS);
};

const oddPrefix: Mutation = (draft, random) => {
  draft.before = pick(random, PREFIXES);
};

const oddHeadEnd: Mutation = (draft, random) => {
  draft.headEnd = pick(random, HEAD_ENDS);
};

const lineFeedsOnly: Mutation = (draft) => {
  draft.fields = draft.fields.map((field) => field.replaceAll('\r\n', '\n'));
  draft.framing = draft.framing.replaceAll('\r\n', '\n');
};

/** The framing is weighted: that is where requests hide. */
const MUTATIONS: readonly Mutation[] = [
  ...[bothFramings, bothFramings, oddCoding, oddCoding, oddLength, oddLength, oddLength],
  ...[oddChunk, oddChunk, oddLastChunk, oddField, oddField, oddField, oddHost, oddTarget],
  ...[oddMethod, oddVersion, oddPrefix, oddHeadEnd, lineFeedsOnly],
];

/** Bytes that mean something to parsers. */
const TELLING = ['\0', '\t', '\n', '\r', ' ', '0', '1', 'a', ',', ':', ';', '\x7f', '\x80', '\r\n'];

/** Overwrites, removes, adds or doubles a few bytes somewhere. */
function damage(text: string, random: Random): string {
  const at = random.below(text.length);
  const byte = pick(random, TELLING);
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at) + byte + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + random.below(4));
    case 2:
      return text.slice(0, at) + byte + text.slice(at);
    default:
      return text.slice(0, at) + text.slice(Math.max(0, at - random.below(60)));
  }
}
