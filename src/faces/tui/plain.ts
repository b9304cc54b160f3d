/** The dashboard where there is no terminal: a line a second, for logs and pipes. */
import type { StatusSnapshot } from '../../control/status.ts';
import { harmless } from '../harmless.ts';
import { clockTime, count, millis, share } from './format.ts';

export function plainLine({ now_at_ms, traffic, models, endpoints, problems }: StatusSnapshot) {
  const healthy = models.reduce((sum, model) => sum + model.healthy, 0);
  const worst = problems.find(({ severity }) => severity !== 'info');
  const wrong = worst === undefined ? '' : `  ! ${worst.subject || 'router'}: ${worst.cause}`;
  return harmless(
    `${clockTime(now_at_ms)}  ${healthy}/${endpoints.length} up  ` +
      `req/s ${count(Math.round(traffic.requests_per_s * 10) / 10)}  ` +
      `in flight ${traffic.in_flight}  queued ${traffic.queued}  ` +
      `errors ${share(traffic.error_ratio)}  TTFT p95 ${millis(traffic.ttft_p95_ms)}  ` +
      `tokens/s ${count(traffic.completion_tokens_per_s)}${wrong}`,
  );
}
