/** From the specification of the data to its source; reads files, and throws what is wrong. */
import { Xorshift } from '../../core/random.ts';
import type { Target } from '../plan.ts';
import { BodyMaker } from './body.ts';
import { customLines, mooncake, shareGpt, shareGptScript } from './files.ts';
import { Images } from './images.ts';
import type { PromptSource } from './source.ts';
import type { DataSpec } from './spec.ts';
import {
  type Makers,
  multiTurn,
  randomPrompts,
  randomScript,
  sharedPrefixes,
} from './synthetic.ts';
import { Words } from './words.ts';

export function openSource(data: DataSpec, target: Target): PromptSource {
  const makers: Makers = {
    data,
    body: new BodyMaker(data, target),
    words: new Words(new Xorshift(data.seed)),
    images: new Images(data),
  };
  switch (data.dataset) {
    case 'random':
      return randomPrompts(makers);
    case 'shared-prefix':
      return sharedPrefixes(makers);
    case 'sharegpt':
      return shareGpt(makers);
    case 'custom':
      return customLines(makers);
    case 'mooncake':
      return mooncake(makers);
    case 'multi-turn':
      return multiTurn(makers, data.path === '' ? randomScript(makers) : shareGptScript(makers));
  }
}
