// HOT PATH — bench: bench/main.ts
/** What is counted once when an exchange is over, however it ended. */
import type { RequestOutcome } from '../core/request-record.ts';
import { GAUGE_EXCHANGES } from '../state/totals.ts';
import type { Applicant } from './admission.ts';
import type { ExchangeView } from './exchange-view.ts';

/** An exchange that is settled. */
export interface Settled extends ExchangeView, Applicant {
  readonly tries: number;
}

/** `total` is one of TOTAL_OK … TOTAL_CLIENT_GONE. */
export function settleAccounts(exchange: Settled, total: number, outcome: RequestOutcome): void {
  const { body, meter, plane } = exchange;
  const { admission, table, totals } = plane;
  totals[total]!++;
  totals[GAUGE_EXCHANGES]!--;
  const firstSlot = exchange.tries > 0 ? -1 : (table.cluster(exchange.model)?.slots[0] ?? -1);
  meter.settled(total, outcome, firstSlot);
  meter.ofKey(exchange.fields.keyPlace, total);
  meter.bytes(body.sizeBytes, exchange.bytesDown);
  if (exchange.reservation !== undefined) settleTokens(exchange);
  admission.freed(exchange);
}

function settleTokens(exchange: Settled): void {
  const { meter, plane } = exchange;
  const known = meter.tokensIn >= 0 || meter.tokensOut >= 0;
  const [prompt, answer] = [Math.max(0, meter.tokensIn), Math.max(0, meter.tokensOut)];
  exchange.reservation!.settle(known ? prompt + answer : -1, plane.clock.nowMs());
  exchange.reservation = undefined;
  if (known) plane.admission.learn(exchange, prompt, answer);
}
