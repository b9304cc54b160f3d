/** Three windows of the rate limit; `rpm.test.ts` is the short form that always runs. */
import { test } from 'node:test';
import { offerTenTimesTheLimit } from './rpm.ts';

test('no engine sees more than its limit in any sixty seconds of three minutes', () =>
  offerTenTimesTheLimit(180_000));
