/**
 * The prompt of a request, reduced to what the simulation needs: a text that identifies it (for the
 * prefix cache and the seed), how many tokens it counts, how many images it has, and what an echo
 * would say. Four characters count as a token; an image has a fixed price.
 */
import { CHARS_PER_TOKEN } from '../prefix-cache.ts';
import { isJson } from './json.ts';

export interface Prompt {
  /** Everything that makes this prompt differ from another, in order. */
  readonly text: string;
  readonly tokens: number;
  readonly images: number;
  /** Text of the last message. */
  readonly echo: string;
}

const IMAGE_PARTS = new Set(['image_url', 'input_image', 'image']);
/** An image is told apart by its size and this many characters of each end. */
const IMAGE_EDGE = 64;

export class PromptBuilder {
  #text = '';
  #textChars = 0;
  #images = 0;
  #echo = '';

  /** Adds one message; its content is a string or an array of parts. */
  message(role: unknown, content: unknown): void {
    this.#text += `<${String(role)}>`;
    this.#echo = '';
    if (typeof content === 'string') this.#say(content);
    if (!Array.isArray(content)) return;
    for (const part of content) this.#part(part);
  }

  build(imageTokens: number): Prompt {
    const words = Math.max(1, Math.ceil(this.#textChars / CHARS_PER_TOKEN));
    return {
      text: this.#text,
      tokens: words + this.#images * imageTokens,
      images: this.#images,
      echo: this.#echo,
    };
  }

  #part(part: unknown): void {
    if (!isJson(part)) return;
    if (typeof part.text === 'string') this.#say(part.text);
    if (!IMAGE_PARTS.has(String(part.type))) return;
    this.#images++;
    const data = imageData(part);
    this.#text += `<image ${data.length} ${data.slice(0, IMAGE_EDGE)}${data.slice(-IMAGE_EDGE)}>`;
  }

  #say(text: string): void {
    this.#text += text;
    this.#echo += text;
    this.#textChars += text.length;
  }
}

/** A prompt that is one plain text. */
export function textPrompt(text: string): Prompt {
  const tokens = Math.max(1, Math.ceil(text.length / CHARS_PER_TOKEN));
  return { text, tokens, images: 0, echo: text };
}

/** The URL or base64 data of an image part, wherever its API puts it. */
function imageData(part: { readonly [key: string]: unknown }): string {
  const url = part.image_url;
  if (typeof url === 'string') return url;
  if (isJson(url) && typeof url.url === 'string') return url.url;
  const source = part.source;
  if (isJson(source) && typeof source.data === 'string') return source.data;
  return '';
}
