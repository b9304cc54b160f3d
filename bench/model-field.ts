/**
 * How fast the model is found behind a large image: `node bench/model-field.ts` prints GB/s for
 * 30 MB of base64 in 64 KiB chunks beside one native search of the same bytes, for text full of
 * escapes and for token arrays, and nanoseconds for a small chat request.
 */
import { MODEL_FOUND, ModelField } from '../src/openai/model-field.ts';

const CHUNK_BYTES = 65536;
const ROUNDS = 7;

const field = new ModelField();

function read(chunks: readonly Buffer[]): void {
  field.reset();
  for (const chunk of chunks) field.feed(chunk, 0, chunk.length);
  field.finish();
  if (field.status !== MODEL_FOUND || field.value !== 'm') throw new Error('the model was missed');
}

function chunksOf(text: string): readonly Buffer[] {
  const body = Buffer.from(text);
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; at += CHUNK_BYTES) {
    chunks.push(body.subarray(at, at + CHUNK_BYTES));
  }
  return chunks;
}

/** Nanoseconds of one call, best of ROUNDS. */
function time(repeat: number, run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const from = process.hrtime.bigint();
    for (let i = 0; i < repeat; i++) run();
    best = Math.min(best, Number(process.hrtime.bigint() - from) / repeat);
  }
  return best;
}

function print(name: string, bytes: number, ns: number): void {
  console.log(`${name.padEnd(40)} ${(bytes / ns).toFixed(2).padStart(7)} GB/s`);
}

function message(content: string): string {
  return `{"messages":[{"role":"user","content":${JSON.stringify(content)}}],"model":"m"}`;
}

const image = message(`data:image/png;base64,${'iVBORw0KGgoAAAANSUhEUgAA'.repeat(1_310_000)}`);
const imageChunks = chunksOf(image);
print(
  '30 MB of base64, then the model',
  image.length,
  time(1, () => read(imageChunks)),
);

let misses = 0;
const search = () => {
  for (const chunk of imageChunks) misses += chunk.indexOf(0x01);
};
print('  the same chunks, one native indexOf', image.length, time(1, search));
if (misses >= 0) throw new Error('the native search found what is not there');

const prose = message('A line of prose with a "quotation" in it.\n'.repeat(100_000));
const proseChunks = chunksOf(prose);
print(
  '4 MB of prose, an escape every 15 bytes',
  prose.length,
  time(1, () => read(proseChunks)),
);

const escapes = message('"\\'.repeat(500_000));
const escapeChunks = chunksOf(escapes);
print(
  '2 MB of nothing but escapes',
  escapes.length,
  time(1, () => read(escapeChunks)),
);

const tokens = `{"prompt":[${'12345,'.repeat(500_000)}0],"model":"m"}`;
const tokenChunks = chunksOf(tokens);
print(
  '3 MB of token numbers',
  tokens.length,
  time(1, () => read(tokenChunks)),
);

const chat = Buffer.from(
  JSON.stringify({
    model: 'm',
    messages: [
      { role: 'system', content: 'You are a careful assistant. '.repeat(12) },
      { role: 'user', content: 'Summarise the text. '.repeat(25) },
    ],
    temperature: 0.7,
    stream: true,
  }),
);
const chatNs = time(100_000, () => read([chat]));
console.log(
  `${`a chat request of ${chat.length} bytes`.padEnd(40)} ${chatNs.toFixed(0).padStart(7)} ns`,
);
