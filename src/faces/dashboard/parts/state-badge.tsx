/** The state of an endpoint: a shape, a colour and a word, so that none of them stands alone. */
import type { EndpointState } from '../../../control/status.ts';
import { useText } from '../text/text.ts';

const SHAPES: Record<EndpointState, string> = {
  healthy: 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z',
  busy: 'M6 1 11 6 6 11 1 6z',
  ejected: 'M6 1.3 11.2 10.5H.8z',
  probing: 'M6 1.5a4.5 4.5 0 1 1 0 9zM6 1.5a4.5 4.5 0 0 0 0 9',
  down: 'M2 2l8 8m0-8-8 8',
  unchecked: 'M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
  draining: 'M6 10.7.8 1.5h10.4z',
  maintenance: 'M1.5 3.5h9v5h-9z',
};

export function StateMark({ state }: { readonly state: EndpointState }) {
  return (
    <svg class={`state-mark ${state}`} viewBox="0 0 12 12" aria-hidden="true">
      <path d={SHAPES[state]} />
    </svg>
  );
}

export function StateBadge({ state }: { readonly state: EndpointState }) {
  const { states } = useText();
  return (
    <span class={`state ${state}`}>
      <StateMark state={state} />
      {states[state]}
    </span>
  );
}
