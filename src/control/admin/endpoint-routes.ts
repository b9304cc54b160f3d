/**
 * Endpoints through the API: list, add, change, take out, probe now, forgive. Every change is
 * logged with its origin, survives reloads as control/overrides says, and is answered with the
 * endpoint as it is afterwards.
 */
import { z } from 'zod';
import type { EndpointEntry } from '../../config/endpoint-entry.ts';
import { parseEndpoints } from '../../config/parse.ts';
import { formatProblem } from '../../config/problem.ts';
import type { EndpointSpec } from '../../core/endpoint.ts';
import type { Logger } from '../../observe/logger.ts';
import type { Fleet } from '../fleet.ts';
import type { FleetHealth } from '../fleet-health.ts';
import { jsonReply, type OperatorReply, type OperatorRoute, refusal } from '../operator-route.ts';
import type { EndpointRow } from '../status.ts';

export interface EndpointControls {
  readonly fleet: Pick<Fleet, 'endpoints' | 'overrides' | 'refresh' | 'entryOf' | 'fileEntryOf'>;
  readonly health: Pick<
    FleetHealth,
    'stateOf' | 'setOperatorState' | 'check' | 'resetEjection' | 'probesOf' | 'changesOf'
  >;
  readonly log: Pick<Logger, 'info'>;
  /** The endpoint as dashboards show it, now. */
  rowOf(spec: EndpointSpec): EndpointRow;
}

// The bounds that endpoint files have.
const MAX_WEIGHT = 1_000_000;
const MAX_RPM = 10_000_000;
const API_PLACE = 'admin API';

const change = z
  .strictObject({
    weight: z.number().gt(0).max(MAX_WEIGHT).optional().describe('Share of the traffic.'),
    rpm: z.int().min(0).max(MAX_RPM).optional().describe('Requests in any 60 s; 0 = unlimited.'),
    state: z.enum(['enabled', 'draining', 'maintenance']).optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'name at least one of weight, rpm and state');

const addition = z.looseObject({
  model_name: z.string().describe('The name that clients ask for.'),
  litellm_params: z
    .looseObject({
      model: z.string().optional().describe('The name the engine knows.'),
      api_base: z.string(),
      api_key: z.string().optional(),
    })
    .describe('As in an endpoint file; references to the environment are not resolved.'),
});

const ID = '/admin/endpoints/{id}';

export function endpointRoutes(controls: EndpointControls): OperatorRoute[] {
  return [...listRoutes(controls), ...singleRoutes(controls)];
}

function listRoutes(controls: EndpointControls): OperatorRoute[] {
  return [
    {
      method: 'GET',
      path: '/admin/endpoints',
      summary: 'All endpoints: state, numbers, and which values come from the API.',
      handle: () =>
        jsonReply(200, {
          endpoints: controls.fleet.endpoints.map((spec) => row(controls, spec)),
          removed: controls.fleet.overrides.removed,
        }),
    },
    {
      method: 'POST',
      path: '/admin/endpoints',
      summary: 'Adds an endpoint, given as an item of model_list; it gets traffic once it is up.',
      body: addition,
      handle: ({ body }) => add(controls, body as z.infer<typeof addition>),
    },
  ];
}

function singleRoutes(controls: EndpointControls): OperatorRoute[] {
  const found = (
    params: Readonly<Record<string, string>>,
    answer: (spec: EndpointSpec) => OperatorReply | Promise<OperatorReply>,
  ) => {
    const spec = specOf(controls, params.id!);
    if (spec !== undefined) return answer(spec);
    const message = 'There is no such endpoint; GET /admin/endpoints lists their ids.';
    return refusal(404, 'not_found', message);
  };
  return [
    {
      method: 'GET',
      path: ID,
      summary: 'One endpoint: also what each voice says of it, its last probes and changes.',
      handle: ({ params }) => found(params, (spec) => jsonReply(200, details(controls, spec))),
    },
    {
      method: 'PATCH',
      path: ID,
      summary: 'Changes weight, rpm limit or state, until its file changes the same value.',
      body: change,
      handle: ({ params, body }) =>
        found(params, (spec) => patch(controls, spec, body as z.infer<typeof change>)),
    },
    {
      method: 'DELETE',
      path: ID,
      summary: 'Removes an endpoint, until its file changes it; requests in flight finish.',
      handle: ({ params }) => found(params, (spec) => remove(controls, spec)),
    },
    {
      method: 'POST',
      path: `${ID}/check`,
      summary: 'Probes it now and answers what was found.',
      handle: ({ params }) => found(params, (spec) => check(controls, spec)),
    },
    {
      method: 'POST',
      path: `${ID}/reset-ejection`,
      summary: 'Ends its ejection and forgets the failures that led to it.',
      handle: ({ params }) =>
        found(params, (spec) => {
          controls.health.resetEjection(spec);
          controls.log.info({ origin: 'api', endpoint: spec.id }, 'ended an ejection');
          return jsonReply(200, row(controls, spec));
        }),
    },
  ];
}

function specOf({ fleet }: EndpointControls, id: string): EndpointSpec | undefined {
  return fleet.endpoints.find((spec) => spec.id === id);
}

function row(controls: EndpointControls, spec: EndpointSpec): object {
  const { endpoint, weight, rpmLimit } = controls.fleet.overrides.originOf(spec.id);
  return {
    ...controls.rowOf(spec),
    operator_state: operatorStateOf(controls, spec),
    origin: { endpoint, weight, rpm: rpmLimit },
  };
}

function details(controls: EndpointControls, spec: EndpointSpec): object {
  const { health } = controls;
  const { reason: reason_code, detail, until_at_ms, voices } = health.stateOf(spec);
  const probes = health.probesOf(spec);
  const state = { reason_code, detail, until_at_ms, voices, probes };
  return { ...row(controls, spec), ...state, changes: health.changesOf(spec) };
}

/** `enabled`, `draining` or `maintenance`, whatever health says. */
function operatorStateOf({ health }: EndpointControls, spec: EndpointSpec): string {
  const { voices } = health.stateOf(spec);
  return voices.find(({ voice }) => voice === 'operator')?.state ?? 'enabled';
}

function patch(
  controls: EndpointControls,
  spec: EndpointSpec,
  { weight, rpm, state }: z.infer<typeof change>,
): OperatorReply {
  const { fleet, log } = controls;
  const before = {
    weight: spec.weight,
    rpm: spec.rpmLimit,
    state: operatorStateOf(controls, spec),
  };
  const current = fleet.entryOf(spec.id);
  if (current === undefined) throw new Error(`${spec.id} has no entry`);
  if (state !== undefined) controls.health.setOperatorState(spec, state, 'the admin API');
  if (weight !== undefined || rpm !== undefined) {
    fleet.overrides.change(current, { weight, rpmLimit: rpm });
    fleet.refresh();
  }
  const to = { weight, rpm, state };
  log.info({ origin: 'api', endpoint: spec.id, before, to }, 'changed an endpoint');
  return jsonReply(200, row(controls, specOf(controls, spec.id) ?? spec));
}

function add(controls: EndpointControls, item: z.infer<typeof addition>): OperatorReply {
  const { fleet, log } = controls;
  // JSON is YAML; an empty environment, so that nobody reads the router's own by a reference.
  const text = JSON.stringify({ model_list: [item] });
  const { value, problems } = parseEndpoints(text, API_PLACE, 'self_deployed', {});
  const parsed = value?.[0];
  if (parsed === undefined) {
    return refusal(400, 'invalid_body', problems.map(formatProblem).join('\n'));
  }
  const entry: EndpointEntry = { ...parsed, place: { file: API_PLACE, line: 0, column: 0 } };
  if (fleet.entryOf(entry.id) !== undefined) {
    return refusal(409, 'exists', `There is an endpoint ${entry.id} already; change that one.`);
  }
  fleet.overrides.add(entry);
  fleet.refresh();
  const spec = specOf(controls, entry.id);
  if (spec === undefined) {
    fleet.overrides.remove(entry.id, undefined);
    fleet.refresh();
    return refusal(507, 'no_room', 'There is no room for another endpoint; remove one first.');
  }
  log.info({ origin: 'api', endpoint: spec.id }, 'added an endpoint');
  return jsonReply(201, row(controls, spec));
}

function remove({ fleet, log }: EndpointControls, { id }: EndpointSpec): OperatorReply {
  fleet.overrides.remove(id, fleet.fileEntryOf(id));
  fleet.refresh();
  log.info({ origin: 'api', endpoint: id }, 'removed an endpoint');
  return jsonReply(200, { id, removed: true });
}

async function check(controls: EndpointControls, spec: EndpointSpec): Promise<OperatorReply> {
  const result = await controls.health.check(spec);
  if (result === undefined) {
    const message = 'It could not be probed now; its state says why, or try again.';
    return refusal(503, 'not_probed', message);
  }
  return jsonReply(200, { id: spec.id, ...result });
}
