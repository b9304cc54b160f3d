/** What an operator can do to an endpoint: asked for, confirmed, done, told. */
import type { EndpointRow } from '../../../control/status.ts';
import { question, tell } from '../parts/dialog.tsx';
import { textNow } from '../text/text.ts';
import type { Probe } from './admin-answers.ts';
import { ApiError, ask, endpointPath } from './api.ts';

export const ACTIONS = ['drain', 'enable', 'maintenance', 'check', 'reset', 'weight'] as const;
export type Action = (typeof ACTIONS)[number];

/** The key of each, with an endpoint selected or open. */
export const ACTION_KEYS: Record<Action, string> = {
  drain: 'd',
  enable: 'e',
  maintenance: 'm',
  check: 'c',
  reset: 'r',
  weight: 'w',
};

export function actionOfKey(key: string): Action | undefined {
  return ACTIONS.find((action) => ACTION_KEYS[action] === key);
}

/** Whether it would change anything. */
export function isUseful(action: Action, { state }: EndpointRow): boolean {
  if (action === 'drain') return state !== 'draining';
  if (action === 'maintenance') return state !== 'maintenance';
  if (action === 'enable') return state === 'draining' || state === 'maintenance';
  if (action === 'reset') return state === 'ejected' || state === 'probing';
  return true;
}

/** A check only looks, so it is not confirmed. */
export function request(action: Action, row: EndpointRow): void {
  const { actions } = textNow();
  if (action === 'check') {
    void run(action, row, 0);
    return;
  }
  const asks = {
    drain: actions.drainAsk,
    enable: actions.enableAsk,
    maintenance: actions.maintenanceAsk,
    reset: actions.resetAsk,
    weight: actions.weightAsk,
  };
  question.set({
    title: actions[action],
    subject: row.id,
    text: asks[action],
    go: action === 'weight' ? actions.set : actions[action],
    ...(action === 'weight' && {
      number: { label: actions.weight, value: row.weight, hint: actions.weightRange },
    }),
    act: (number) => void run(action, row, number),
  });
}

const STATES = { drain: 'draining', enable: 'enabled', maintenance: 'maintenance' } as const;

async function run(action: Action, { id }: EndpointRow, weight: number): Promise<void> {
  const { actions } = textNow();
  const name = actions[action];
  try {
    if (action === 'check') {
      const result = await ask<Probe>(endpointPath(id, 'check'), 'POST', {});
      const found = result.detail || result.reason || textNow().endpoint.ok;
      tell(actions.checked(textNow().detail(found)), result.up ? 'good' : 'bad');
      return;
    }
    if (action === 'reset') await ask(endpointPath(id, 'reset-ejection'), 'POST', {});
    else if (action === 'weight') await ask(endpointPath(id), 'PATCH', { weight });
    else await ask(endpointPath(id), 'PATCH', { state: STATES[action] });
    tell(actions.done(name));
  } catch (error) {
    const why = error instanceof ApiError ? error.message : String(error);
    tell(actions.failed(name, why), 'bad');
  }
}
