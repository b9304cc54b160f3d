/**
 * What a broken or malicious engine may answer, with what a client may then see. In every table
 * `mark` stands in bytes that belong to the answer, `leak` in bytes that no client may ever get.
 */

export interface OddAnswer {
  readonly name: string;
  /** What is sent up to the end of the answer; may be cut anywhere. */
  readonly bytes: string;
  /** Sent in one piece with the end of `bytes`. */
  readonly surplus?: string;
  /** Sent when the connection has long been idle. */
  readonly late?: string;
  readonly end?: 'fin' | 'reset';
  /** The body that the client gets in a whole answer; absent = it must not look whole. */
  readonly whole?: string;
  readonly status?: number;
  /** The connection may carry another request. */
  readonly reusable?: boolean;
  /** Sent as soon as the request's head is there. */
  readonly early?: boolean;
  /** Never cut: how it falls into reads is the point. */
  readonly atOnce?: boolean;
}

/** What a socket of the router reads at most at once. */
const READ_BYTES = 64 * 1024;
/** Its surplus is not seen before the answer is judged complete. */
export const FULL_READ = 'a read full, then more';

export function oddAnswers(mark: string, leak: string): readonly OddAnswer[] {
  return [
    ...rightAnswers(mark),
    ...surplusAnswers(mark, leak),
    ...oddHeads(leak).map(([name, bytes]) => ({ name, bytes })),
    ...oddFraming(leak).map((fields) => ({
      name: `framing ${JSON.stringify(fields.slice(0, 80))}`,
      bytes: `HTTP/1.1 200 OK\r\n${fields}\r\n${leak}`,
    })),
    ...brokenBodies(mark, leak),
  ];
}

function sized(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function part(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

function rightAnswers(mark: string): OddAnswer[] {
  const right = { whole: mark, reusable: true };
  const events = `data: {"x":"${mark}"}\n\ndata: [DONE]\n\n`;
  const stream = `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${CHUNKED.slice(17)}`;
  const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n';
  return [
    { name: 'sized', bytes: sized(mark), ...right },
    { name: 'chunked', bytes: `${CHUNKED}${part(mark)}0\r\n\r\n`, ...right },
    {
      name: 'one byte a chunk',
      bytes: `${CHUNKED}${[...mark].map(part).join('')}0\r\n\r\n`,
      ...right,
    },
    { name: 'trailers', bytes: `${CHUNKED}${part(mark)}0;a="b"\r\nX: y\r\n\r\n`, ...right },
    { name: 'stream', bytes: `${stream}${part(events)}0\r\n\r\n`, ...right, whole: events },
    { name: 'no reason', bytes: sized(mark).replace(' OK', ''), ...right },
    { name: 'interim flood', bytes: interim.repeat(300) + sized(mark), ...right },
    { name: 'early', bytes: sized(mark), ...right, early: true },
    {
      name: 'names of framing in Connection',
      bytes: sized(mark, 'Connection: Content-Length\r\n'),
      ...right,
    },
    { name: 'server error', bytes: sized(mark).replace('200 OK', '500 X'), ...right, status: 500 },
    { name: 'old version', bytes: sized(mark).replace('1.1', '1.0'), whole: mark },
    { name: 'close', bytes: sized(mark, 'Connection: close\r\n'), whole: mark },
    { name: 'until close', bytes: `HTTP/1.1 200 OK\r\n\r\n${mark}`, whole: mark, end: 'fin' },
    { name: 'empty', bytes: sized(''), whole: '', reusable: true },
    {
      name: 'no content',
      bytes: 'HTTP/1.1 204 No\r\n\r\n',
      whole: '',
      status: 204,
      reusable: true,
    },
  ];
}

/** Whole answers with more behind them. */
function surplusAnswers(mark: string, leak: string): OddAnswer[] {
  const second = sized(leak);
  const headBytes = sized('x'.repeat(READ_BYTES)).length - READ_BYTES;
  const filling = mark.padEnd(READ_BYTES - headBytes, '.');
  const no = 'HTTP/1.1 204 No\r\n';
  const empty = { whole: '', status: 204 };
  return [
    { name: 'surplus bytes', bytes: sized(mark), surplus: leak, whole: mark },
    { name: 'a second answer', bytes: sized(mark), surplus: second, whole: mark },
    { name: 'one line end too many', bytes: sized(mark), surplus: '\r\n', whole: mark },
    { name: 'a late second answer', bytes: sized(mark), late: second, whole: mark },
    { name: 'late bytes', bytes: sized(mark), late: leak, whole: mark },
    { name: 'surplus chunk', bytes: `${CHUNKED}0\r\n\r\n`, surplus: part(leak), whole: '' },
    { name: FULL_READ, bytes: sized(filling), surplus: second, whole: filling, atOnce: true },
    { name: 'body behind 204', bytes: `${no}Content-Length: 5\r\n\r\n`, surplus: leak, ...empty },
    {
      name: 'chunks behind 204',
      bytes: `${no}${CHUNKED.slice(17)}`,
      surplus: part(leak),
      ...empty,
    },
    { name: 'body behind nothing', bytes: sized(''), surplus: leak, whole: '' },
    {
      name: 'body behind 304',
      bytes: `HTTP/1.1 304 No\r\nContent-Length: ${leak.length}\r\n\r\n`,
      surplus: leak,
      whole: '',
      status: 304,
    },
  ];
}

function oddHeads(leak: string): (readonly [string, string])[] {
  const rest = `Content-Length: ${leak.length}\r\n\r\n${leak}`;
  const lines = [
    ...[
      'HTTP/1.1 20 OK',
      'HTTP/1.1 2000 OK',
      'HTTP/1.1 099 X',
      'HTTP/1.1 200\tOK',
      'HTTP/1.1  200',
    ],
    ...['HTTP/1.2 200 OK', 'HTTP/2 200 OK', 'http/1.1 200 OK', 'ICY 200 OK', 'HTTP/1.1 200 O\0K'],
    ...['HTTP/1.1 101 Switching Protocols\r\nUpgrade: x', 'HTTP/1.1', '', '\r\nHTTP/1.1 200 OK'],
    ...['\x15\x03\x01\0\x02\x02\x28', 'POST / HTTP/1.1', 'HTTP/1.1 200 OK\n', 'HTTP/1.1 -20 OK'],
  ];
  const fields = [
    ...[
      'X : y',
      ' X: y',
      ': y',
      'no colon',
      'X: a\r\n b',
      'X: a\0',
      'X: a\rb',
      'X: a\nY: b',
      'X(: y',
    ],
    ...[`X: ${'y'.repeat(33_000)}`, `${'X: y\r\n'.repeat(128)}X: y`, 'X: y\r\r', 'X\x80: y'],
  ];
  return [
    ...lines.map((line) => [`status ${JSON.stringify(line)}`, `${line}\r\n${rest}`] as const),
    ...fields.map((field) => {
      const name = `field ${JSON.stringify(field.slice(0, 40))}`;
      return [name, `HTTP/1.1 200 OK\r\n${field}\r\n${rest}`] as const;
    }),
    ['endless head', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(40_000)}`],
    ['endless line', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(300_000)}`],
  ];
}

/** Field lines after which readers disagree about the body. */
function oddFraming(leak: string): string[] {
  const n = leak.length;
  const length = `Content-Length: ${n}\r\n`;
  const coding = 'Transfer-Encoding: chunked\r\n';
  const lengths = [
    ...[`+${n}`, `-${n}`, `0${n}`, `${n},${n}`, `${n} ${n}`, `0x${n}`, `${n}\0`, '', 'a'],
    ...['9007199254740992', '18446744073709551616', `${n}.0`, `"${n}"`, `${n};`],
  ].map((value) => `Content-Length: ${value}\r\n`);
  const codings = [
    ...['xchunked', 'chunked, chunked', 'chunked, gzip', 'gzip, chunked', 'identity', '"chunked"'],
    ...['', ',chunked', 'chunked;q=1', '\x0bchunked', 'chunked\0', 'chunked\t'],
  ].map((value) => `Transfer-Encoding: ${value}\r\n`);
  const pairs = [length + coding, coding + length, length + length, coding + coding];
  return [
    ...lengths,
    ...codings,
    ...pairs,
    `${length}Content-Length: 0\r\n`,
    `Content-Length : ${n}\r\n`,
    `Transfer-Encoding : chunked\r\n`,
    `X: y\r\n Transfer-Encoding: chunked\r\n`,
    `X: y\n${coding}`,
  ];
}

function brokenBodies(mark: string, leak: string): OddAnswer[] {
  const begun = CHUNKED + part(mark);
  const n = leak.length.toString(16);
  const chunks = [
    ...[
      `0x${n}\r\n${leak}\r\n`,
      `${n} \r\n${leak}\r\n`,
      `-${n}\r\n${leak}\r\n`,
      `\r\n${part(leak)}`,
    ],
    ...[
      `${n}\n${leak}\r\n`,
      `20000000000000\r\n${leak}`,
      `ffffffffffffffff\r\n${leak}`,
      `;\r\n${leak}`,
    ],
    ...[
      `0\r\nX : y\r\n\r\n`,
      '0\r\n\n',
      '0\n\r\n',
      '0\r\nContent-Length: 9\r\n\r\n',
      '0000000000\r\n',
    ],
    ...[`0;${'a'.repeat(5000)}\r\n\r\n`, `1\r\nabc\r\n${part(leak)}`, `1\r\na\n${part(leak)}`],
  ];
  const long = sized(mark + mark);
  return [
    ...chunks.flatMap((bytes) => [
      { name: `chunk ${JSON.stringify(bytes.slice(0, 30))}`, bytes: CHUNKED + bytes },
      { name: `second chunk ${JSON.stringify(bytes.slice(0, 30))}`, bytes: begun + bytes },
    ]),
    { name: 'no answer', bytes: '', end: 'fin' },
    { name: 'no answer but a reset', bytes: '', end: 'reset' },
    { name: 'half a head', bytes: 'HTTP/1.1 200 OK\r\nX: y', end: 'fin' },
    { name: 'only interim', bytes: 'HTTP/1.1 100 Continue\r\n\r\n', end: 'fin' },
    { name: 'half a body', bytes: long.slice(0, -mark.length), end: 'fin' },
    { name: 'half a body and a reset', bytes: long.slice(0, -mark.length), end: 'reset' },
    { name: 'chunks without an end', bytes: begun, end: 'fin' },
    { name: 'half a chunk', bytes: begun.slice(0, -4), end: 'fin' },
    { name: 'a reset among chunks', bytes: begun, end: 'reset' },
  ];
}
