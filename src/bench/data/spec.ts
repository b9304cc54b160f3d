/** What the prompts are made of, as plain data. */
export const DATASETS = [
  'random',
  'shared-prefix',
  'sharegpt',
  'custom',
  'mooncake',
  'multi-turn',
] as const;
export type Dataset = (typeof DATASETS)[number];

export interface DataSpec {
  readonly dataset: Dataset;
  readonly path: string;
  readonly model: string;
  /** `/v1/completions` takes a prompt, `/v1/chat/completions` takes messages. */
  readonly chat: boolean;
  readonly stream: boolean;
  readonly seed: number;
  /** In words, each about one token. */
  readonly inputLength: number;
  readonly outputLength: number;
  /** Lengths are drawn within ± this share. */
  readonly rangeRatio: number;
  readonly prefixLength: number;
  readonly prefixes: number;
  /** Requests of a conversation. */
  readonly turns: number;
  readonly thinkMs: number;
  readonly images: number;
  readonly imageWidth: number;
  readonly imageHeight: number;
  /** The length of answers is exactly what was asked for. */
  readonly ignoreEos: boolean;
  /** Trace times are divided by this: 2 = twice as fast. */
  readonly timeScale: number;
  /** A JSON object whose keys are added to every body, or ''. */
  readonly extraBody: string;
}
