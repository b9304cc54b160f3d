/**
 * The alerts of one router: follows the fleet, decides what to tell (alert-state), writes it
 * (message-text, robots) and sends it (outbox). It never waits and never throws into its caller.
 */
import type { EndpointFailure, FleetFollower, FleetStatus } from '../../control/status.ts';
import type { Robot } from './alert.ts';
import { type AlertRules, AlertState } from './alert-state.ts';
import { maskedAddress, withoutKey } from './masked.ts';
import { messageText } from './message-text.ts';
import { type DeliveryTrouble, Outbox, type OutboxParts } from './outbox.ts';
import { type Post, postTo } from './post.ts';
import { bodyFor, judge, type Outcome } from './robots.ts';
import { SendLimit } from './send-limit.ts';

/** `webhook.*` of the configuration. */
export interface WebhookOptions extends AlertRules {
  readonly type: Robot;
  readonly url: string;
}

export interface AlertsParts {
  readonly options: WebhookOptions;
  /** Names this router in the messages. */
  readonly host: string;
  readonly nowMs: () => number;
  readonly later: OutboxParts['later'];
  readonly chance: () => number;
  /** What did not arrive; the reason is without the address. */
  readonly onTrouble: (trouble: DeliveryTrouble & { readonly receiver: string }) => void;
}

export class Alerts implements FleetFollower {
  readonly #parts: AlertsParts;
  readonly #state: AlertState;
  readonly #outbox: Outbox;

  /** Tests bring a `post` of their own. */
  constructor(parts: AlertsParts, post: Post = postTo(parts.options.url)) {
    this.#parts = parts;
    const { options, nowMs, later, chance, onTrouble } = parts;
    const receiver = maskedAddress(options.url);
    this.#state = new AlertState(options, nowMs());
    this.#outbox = new Outbox({
      post,
      limit: new SendLimit(nowMs()),
      judge: (answer) => judge(options.type, answer),
      nowMs,
      later,
      chance,
      onTrouble: (trouble) => {
        onTrouble({ ...trouble, reason: withoutKey(trouble.reason, options.url), receiver });
      },
    });
  }

  failed(failure: EndpointFailure): void {
    this.#state.failed(failure, this.#parts.nowMs());
  }

  look(status: FleetStatus): void {
    const { options, host, nowMs } = this.#parts;
    for (const alert of this.#state.look(status, nowMs(), this.#outbox.isEmpty)) {
      this.#outbox.add(bodyFor(options.type, messageText(alert, host), alert));
    }
  }

  stop(): void {
    this.#outbox.stop();
  }
}

/** Sends one test message and says what became of it. */
export async function sendTest(robot: Robot, url: string, host: string): Promise<Outcome> {
  const alert = { kind: 'test' } as const;
  const body = bodyFor(robot, messageText(alert, host), alert);
  const outcome = judge(robot, await postTo(url)(body, new AbortController().signal));
  return { ...outcome, reason: withoutKey(outcome.reason, url) };
}
