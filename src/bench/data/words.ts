/**
 * Text of a wanted number of words, each of which common tokenizers take as one token, so that no
 * tokenizer has to be downloaded: what a prompt really counted, the server's `usage` says. Pieces
 * of one long random text; cheap enough for tens of thousands of prompts a second.
 */
import type { Random } from '../../core/random.ts';

const WORDS =
  'the of and to in is that for it as was with be by on not he his but at are this have ' +
  'from or had an they which one you were all her she there would their we him been has ' +
  'when who will no more if out so up said what its about than into them can only other ' +
  'time new some could these two may first then do any like my now over such our man me ' +
  'even most made after also did many off before must well back through years much where ' +
  'your way down should because long each just state those people too how little good world ' +
  'make very year still see own work men day get here old life both between being under ' +
  'three never know same last another while us might great home house right school place ' +
  'water small city war since water head line night high part form play';
const LIST = WORDS.split(' ');

/** Enough that two prompts of a usual length hardly ever are the same piece. */
const CORPUS_WORDS = 200_000;

export class Words {
  readonly #corpus: Buffer;
  /** Where each word starts, and one place behind the last. */
  readonly #starts: Uint32Array;

  constructor(random: Random) {
    const words = Array.from({ length: CORPUS_WORDS }, () => LIST[random.below(LIST.length)]!);
    this.#corpus = Buffer.from(`${words.join(' ')} `);
    this.#starts = new Uint32Array(CORPUS_WORDS + 1);
    for (let i = 0; i < CORPUS_WORDS; i++) {
      this.#starts[i + 1] = this.#starts[i]! + words[i]!.length + 1;
    }
  }

  /** `count` words from a place in the long text on, which goes round; no space at the end. */
  text(place: number, count: number): string {
    const from = place % CORPUS_WORDS;
    const parts: string[] = [];
    for (let left = count, at = from; left > 0; at = 0) {
      const take = Math.min(left, CORPUS_WORDS - at);
      parts.push(this.#corpus.toString('latin1', this.#starts[at]!, this.#starts[at + take]! - 1));
      left -= take;
    }
    return parts.join(' ');
  }
}
