/** The line that says what the shadow strategy of a worker would have done in the last minute. */
import type { ShadowTally } from '../core/shadow.ts';
import type { Logger } from '../observe/logger.ts';

export function logShadow(log: Logger, tally: ShadowTally): void {
  const { strategy, decisions, elsewhere, estimatedMs, shadowEstimatedMs } = tally;
  if (decisions === 0) return;
  log.info(
    {
      shadow: strategy,
      decisions,
      elsewhere,
      estimatedTtftMs: Math.round(estimatedMs / decisions),
      shadowEstimatedTtftMs: Math.round(shadowEstimatedMs / decisions),
    },
    'what the shadow strategy would have done',
  );
}
