/**
 * What is asked for when something is wrong: the state, the configuration as it counts, and all of
 * it together as one file that can be given away.
 */
import { cpus, freemem, release, totalmem } from 'node:os';
import type { Config } from '../../config/schema.ts';
import type { Settings } from '../../config/settings.ts';
import type { EndpointSpec } from '../../core/endpoint.ts';
import type { LogTail } from '../../observe/log-tail.ts';
import { jsonReply, type OperatorRoute } from '../operator-route.ts';
import type { StatusSnapshot } from '../status.ts';
import { configJson } from './config-json.ts';
import { redacted } from './redact.ts';
import { lastFailures, type RequestSources } from './request-routes.ts';
import { secretsOf } from './secrets.ts';

export interface SupportSources extends RequestSources {
  readonly tail: LogTail;
  status(): StatusSnapshot;
  config(): Config;
  settings(): Settings;
  readonly fleet: { readonly endpoints: readonly EndpointSpec[] };
}

const DUMP_LINES = 1000;
const DUMP_REQUESTS = 200;

export function supportRoutes(sources: SupportSources): OperatorRoute[] {
  return [
    {
      method: 'GET',
      path: '/admin/status',
      summary: 'The whole state: router, traffic, problems, models, endpoints, configuration.',
      handle: () => jsonReply(200, sources.status()),
    },
    {
      method: 'GET',
      path: '/admin/config',
      summary: 'Each option as it counts and where it came from, without secrets.',
      handle: () => jsonReply(200, configJson(sources.settings())),
    },
    {
      method: 'GET',
      path: '/admin/support-dump',
      summary: 'State, configuration, log and failed requests in one file, without secrets.',
      async handle() {
        const secrets = secretsOf(sources.config(), sources.fleet.endpoints);
        const body = redacted(JSON.stringify(await dumpOf(sources), null, 1), secrets);
        const name = `llm-router-support-${new Date().toISOString().replace(/\D/g, '')}.json`;
        const headers = { 'Content-Disposition': `attachment; filename="${name}"` };
        return { status: 200, type: 'application/json', body, headers };
      },
    },
  ];
}

async function dumpOf(sources: SupportSources): Promise<object> {
  return {
    made_at: new Date().toISOString(),
    machine: {
      platform: `${process.platform} ${process.arch} ${release()}`,
      cpus: cpus().length,
      memory_bytes: totalmem(),
      free_bytes: freemem(),
    },
    status: sources.status(),
    config: configJson(sources.settings()),
    failed_requests: await lastFailures(sources, DUMP_REQUESTS),
    log: sources.tail.read(0, 0, DUMP_LINES).lines.map(({ entry }) => entry),
  };
}
