/** A whole window and the beginning of the next; `npm run e2e:rpm` looks at three. */
import { test } from 'node:test';
import { offerTenTimesTheLimit } from './rpm.ts';

test('no engine sees more than its limit in any sixty seconds', { timeout: 90_000 }, () =>
  offerTenTimesTheLimit(67_000),
);
