/** Puts the alerts together as `webhook.*` asks for, with the clock, the log and real timers. */
import { hostname } from 'node:os';
import type { Config } from '../config/schema.ts';
import { Alerts } from '../faces/webhook/alerts.ts';
import { monotonicClock } from '../net/monotonic.ts';
import type { Logger } from '../observe/logger.ts';

/** Undefined when no alerts are wanted. */
export function startAlerts(webhook: Config['webhook'], log: Logger): Alerts | undefined {
  const { enabled, ...options } = webhook;
  if (!enabled || options.url === '') return undefined;
  return new Alerts({
    options,
    host: hostname(),
    nowMs: () => monotonicClock.nowMs(),
    chance: Math.random,
    later: (run, afterMs) => {
      const timer = setTimeout(run, afterMs).unref();
      return { cancel: () => clearTimeout(timer) };
    },
    onTrouble: ({ lost, ...fields }) => {
      if (lost) log.error(fields, 'an alert was lost');
      else log.warn(fields, 'an alert did not arrive; trying again');
    },
  });
}
