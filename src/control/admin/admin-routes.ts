/** The admin API put together. */
import type { OperatorAccess } from '../operator-access.ts';
import type { OperatorRoute } from '../operator-route.ts';
import { type EndpointControls, endpointRoutes } from './endpoint-routes.ts';
import { type LogControls, logRoutes } from './log-routes.ts';
import { type ReloadControls, reloadRoutes } from './reload-routes.ts';
import { type RequestSources, requestRoutes } from './request-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { type SupportSources, supportRoutes } from './support-routes.ts';

export interface AdminParts
  extends EndpointControls,
    LogControls,
    ReloadControls,
    RequestSources,
    SupportSources {
  readonly access: OperatorAccess;
  readonly log: LogControls['log'];
  readonly fleet: EndpointControls['fleet'];
}

export function adminRoutes(parts: AdminParts): OperatorRoute[] {
  return [
    ...sessionRoutes(parts.access),
    ...supportRoutes(parts),
    ...endpointRoutes(parts),
    ...requestRoutes(parts),
    ...logRoutes(parts),
    ...reloadRoutes(parts),
  ];
}
