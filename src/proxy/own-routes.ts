/** The answers of /v1/models, /v1/models/{id}, /health and /ready, from the route table at hand. */
import { ADMITTING, availabilityOf } from '../core/availability.ts';
import type { Route } from '../openai/routes.ts';
import type { DataPlane } from './plane.ts';
import { errorAnswer, type OwnAnswer } from './reject.ts';

const CREATED_SECONDS = Math.floor(Date.now() / 1000);

/** `id` is the model asked for when the route is of kind `model`. */
export function ownAnswer(plane: DataPlane, route: Route, id: string): OwnAnswer {
  switch (route.kind) {
    case 'models':
      return json(200, { object: 'list', data: plane.table.modelNames.map(modelObject) });
    case 'model':
      return plane.table.route(id) === undefined
        ? errorAnswer('model_not_found', route.dialect, id)
        : json(200, modelObject(id));
    case 'ready':
      return readiness(plane);
    default:
      return json(200, { status: 'ok' });
  }
}

function modelObject(id: string): object {
  return { id, object: 'model', created: CREATED_SECONDS, owned_by: 'llm-router' };
}

/** Ready = not draining, and at least one endpoint would get traffic now. */
function readiness(plane: DataPlane): OwnAnswer {
  if (plane.draining) return json(503, { status: 'draining' });
  const nowMs = plane.clock.nowMs();
  for (const { slots } of plane.table.clusters) {
    for (const slot of slots) {
      if (availabilityOf(plane.columns, slot, nowMs) === ADMITTING) {
        return json(200, { status: 'ready' });
      }
    }
  }
  return json(503, { status: 'no endpoint is available' });
}

function json(status: number, body: object): OwnAnswer {
  return { status, body: Buffer.from(JSON.stringify(body)), fields: '' };
}
