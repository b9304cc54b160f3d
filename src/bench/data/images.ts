/**
 * Images of a given size for prompts of vision models: PNG files of noise, so that they weigh
 * about what photographs do, as base64 data URLs. A few are made once and go round.
 * Source: PNG specification (W3C, third edition).
 */
import { crc32, deflateSync } from 'node:zlib';
import { Xorshift } from '../../core/random.ts';
import type { Message } from './body.ts';
import type { DataSpec } from './spec.ts';

const DIFFERENT = 16;
const RGB = 2;
/** Noise of so many bits a channel: about one byte a pixel, as a good JPEG. */
const NOISE = 8;

export class Images {
  readonly #data: DataSpec;
  readonly #urls: string[] = [];

  constructor(data: DataSpec) {
    this.#data = data;
  }

  /** A user's message with the images that belong to each prompt. */
  message(text: string, index: number): Message {
    const { images } = this.#data;
    if (images === 0) return { role: 'user', content: text };
    const parts: object[] = [{ type: 'text', text }];
    for (let i = 0; i < images; i++) {
      parts.push({ type: 'image_url', image_url: { url: this.#url(index * images + i) } });
    }
    return { role: 'user', content: parts };
  }

  #url(number: number): string {
    const { seed, imageWidth, imageHeight } = this.#data;
    const at = number % DIFFERENT;
    const random = new Xorshift(seed * DIFFERENT + at + 1);
    this.#urls[at] ??=
      `data:image/png;base64,${png(imageWidth, imageHeight, random).toString('base64')}`;
    return this.#urls[at]!;
  }
}

/** An image of noise, without filters; exported for tests. */
export function png(width: number, height: number, random: Xorshift): Buffer {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let i = 0; i < rows.length; i++) {
    if (i % (1 + 3 * width) !== 0) rows[i] = 124 + random.below(NOISE);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = RGB;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(rows, { level: 1 });
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}
