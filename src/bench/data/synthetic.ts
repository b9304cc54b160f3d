/**
 * Prompts made here: random words; a few long beginnings shared by many prompts, as system prompts
 * are; conversations that grow with the answers. Every prompt but a shared beginning starts with
 * its own number, so that no cache knows it.
 */
import type { BodyMaker, Message } from './body.ts';
import type { Images } from './images.ts';
import { drawAt, lengthAt, noTurns, type Prepared, type PromptSource, single } from './source.ts';
import type { DataSpec } from './spec.ts';
import type { Words } from './words.ts';

const INPUT = 1;
const OUTPUT = 2;
const PLACE = 3;
const PREFIX_PLACE = 4;
/** Corpus places are drawn from so many. */
const PLACES = 2 ** 30;

export interface Makers {
  readonly data: DataSpec;
  readonly body: BodyMaker;
  readonly words: Words;
  readonly images: Images;
}

export function randomPrompts({ data, body, words, images }: Makers): PromptSource {
  const { seed, rangeRatio, prefixLength } = data;
  const prefix = prefixLength === 0 ? '' : `${words.text(placeOf(seed, 0), prefixLength)} `;
  return {
    at(index) {
      const inputLength = lengthAt(data.inputLength, rangeRatio, drawAt(seed, index, INPUT));
      const outputLength = lengthAt(data.outputLength, rangeRatio, drawAt(seed, index, OUTPUT));
      const text = prefix + numbered(words, seed, index, inputLength);
      return single(body.message([images.message(text, index)], outputLength));
    },
    after: noTurns,
  };
}

export function sharedPrefixes({ data, body, words, images }: Makers): PromptSource {
  const { seed, rangeRatio } = data;
  const prefixes = Array.from({ length: data.prefixes }, (_, number) =>
    words.text(placeOf(seed, number), data.prefixLength),
  );
  return {
    at(index) {
      const inputLength = lengthAt(data.inputLength, rangeRatio, drawAt(seed, index, INPUT));
      const outputLength = lengthAt(data.outputLength, rangeRatio, drawAt(seed, index, OUTPUT));
      const prefix = prefixes[Math.floor(drawAt(seed, index, PREFIX_PLACE) * prefixes.length)]!;
      const own = images.message(numbered(words, seed, index, inputLength), index);
      return single(body.message([{ role: 'system', content: prefix }, own], outputLength));
    },
    after: noTurns,
  };
}

/** What is asked in each turn; ends the conversation with undefined. */
export type Script = (session: number, turn: number) => string | undefined;

/** Conversations of random words. */
export function randomScript({ data, words }: Makers): Script {
  const { seed, rangeRatio, turns, inputLength } = data;
  return (session, turn) => {
    if (turn === turns) return undefined;
    const number = session * turns + turn;
    return numbered(
      words,
      seed,
      number,
      lengthAt(inputLength, rangeRatio, drawAt(seed, number, INPUT)),
    );
  };
}

/** Conversations in which each prompt holds all that was said before. */
export function multiTurn({ data, body }: Makers, script: Script): PromptSource {
  const open = new Map<number, Message[]>();
  const ask = (session: number, said: Message[]): Prepared | undefined => {
    const question = script(session, said.length / 2);
    if (question === undefined) {
      open.delete(session);
      return undefined;
    }
    said.push({ role: 'user', content: question });
    return { bytes: body.message(said, data.outputLength), session, dueMs: -1 };
  };
  return {
    at(index) {
      const said: Message[] = [];
      open.set(index, said);
      return ask(index, said);
    },
    after(session, answer) {
      const said = open.get(session);
      if (said === undefined) return undefined;
      said.push({ role: 'assistant', content: answer });
      return ask(session, said);
    },
  };
}

function numbered(words: Words, seed: number, index: number, length: number): string {
  const place = Math.floor(drawAt(seed, index, PLACE) * PLACES);
  return length === 1 ? String(index) : `${index} ${words.text(place, length - 1)}`;
}

function placeOf(seed: number, number: number): number {
  return Math.floor(drawAt(seed, number, PREFIX_PLACE) * PLACES);
}
