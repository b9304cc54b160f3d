/** `llm-router deploy status`, `stop` and `restart`: what runs already. */

import { withoutKey } from '../deploy/engine-command.ts';
import { LogWatch } from '../deploy/log-rules.ts';
import { parseLooks } from '../deploy/node-answers.ts';
import { fetchNear } from '../deploy/node-fetch.ts';
import { lookScript } from '../deploy/node-script.ts';
import { gpuRange, type Service } from '../deploy/plan.ts';
import { askEngine } from '../deploy/readiness.ts';
import { unreachableLines } from '../deploy/report.ts';
import {
  chosen,
  type Placed,
  type Stopped,
  stopServices,
  takeOutOfService,
} from '../deploy/services.ts';
import { type Survey, surveyNodes } from '../deploy/survey.ts';
import { counted, duration } from '../deploy/table.ts';
import { deployAgain } from '../deploy/up.ts';
import { tableLines } from './columns.ts';
import { choiceOf, type Session } from './deploy-session.ts';
import { watched } from './deploy-up.ts';
import { EXIT_FAILURE, EXIT_OK } from './exit-codes.ts';

const LOOK_MS = 30_000;
const BACKLOG_BYTES = 16_384;

/** The survey and what of it the user means; says which nodes do not answer. */
export async function find(session: Session): Promise<{ survey: Survey; services: Placed[] }> {
  const { fleet, ssh, stateDir, flags } = session;
  const survey = await surveyNodes(fleet, ssh, stateDir);
  if (flags.json === undefined) {
    for (const line of unreachableLines(survey.unreachable)) process.stderr.write(`${line}\n`);
  }
  return { survey, services: chosen(fleet, survey, choiceOf(session)) };
}

interface Standing {
  readonly placed: Placed;
  readonly state: 'ready' | 'loading' | 'ended' | 'orphaned';
  /** '' = nothing to say. */
  readonly note: string;
}

export async function runDeployStatus(session: Session): Promise<number> {
  const { survey, services } = await find(session);
  const standings = await Promise.all(services.map((placed) => standingOf(placed, session)));
  if (session.flags.json === undefined) process.stdout.write(statusText(standings, survey));
  else process.stdout.write(statusJson(standings, survey));
  const isFine = standings.every(({ state }) => state === 'ready' || state === 'loading');
  return isFine && survey.unreachable.length === 0 ? EXIT_OK : EXIT_FAILURE;
}

async function standingOf(placed: Placed, session: Session): Promise<Standing> {
  const { service, life } = placed;
  if (life === 'alive') {
    const near = fetchNear(
      { ...service, node: placed.node, action: 'keep' },
      session.ssh,
      session.fetch,
    );
    const { state, note } = await askEngine(service, near);
    if (state === 'ready') return { placed, state: 'ready', note };
    return { placed, state: 'loading', note: (await logOf(placed, session)).lastLine || note };
  }
  const { line } = (await logOf(placed, session)).cause();
  return { placed, state: life === 'dead' ? 'ended' : 'orphaned', note: line };
}

async function logOf({ node, service }: Placed, { ssh, stateDir }: Session): Promise<LogWatch> {
  const script = lookScript(stateDir, [{ id: service.id, offset: -BACKLOG_BYTES }]);
  const { stdout } = await ssh.run(node, script, LOOK_MS);
  const watch = new LogWatch();
  const log = parseLooks(stdout).get(service.id)?.log ?? '';
  watch.feed(withoutKey(log, service.command));
  return watch;
}

const NOTHING = 'Nothing that deploy started runs there.\n';

function statusText(standings: readonly Standing[], { facts }: Survey): string {
  // Of nodes that do not answer nobody knows.
  if (standings.length === 0) return facts.size === 0 ? '' : NOTHING;
  const rows = standings.map(({ placed, state, note }) => {
    const { node, service, pid, startedMs, life } = placed;
    const time = life === 'alive' ? duration(Date.now() - startedMs) : '';
    const place = [node.host, service.id, gpuRange(service.gpus), `${service.port}`];
    return [...place, `${pid}`, state, time, note];
  });
  const head = ['NODE', 'SERVICE', 'GPUS', 'PORT', 'PID', 'STATE', 'FOR', ''];
  return `${tableLines([head, ...rows]).join('\n')}\n`;
}

function statusJson(standings: readonly Standing[], { unreachable }: Survey): string {
  const services = standings.map(({ placed: { node, service, pid, startedMs }, state, note }) => ({
    host: node.host,
    id: service.id,
    model_name: service.servedName,
    gpus: service.gpus,
    port: service.port,
    api_base: service.apiBase,
    ...{ pid, started_ms: startedMs, state, note },
  }));
  return `${JSON.stringify({ event: 'status', services, unreachable })}\n`;
}

export async function runDeployStop(session: Session): Promise<number> {
  const { survey, services } = await find(session);
  const { endpoints, router, sleep, seconds, ssh, stateDir } = session;
  const troubles = await takeOutOfService(services, {
    ...{ endpoints, router, sleep, drainMs: seconds.drainMs },
  });
  const { graceMs } = seconds;
  const stopped = await stopServices(services, { ssh, stateDir, graceMs, forget: true });
  const isFine = stopped.every(({ how }) => how !== 'stuck' && how !== 'fault');
  const ok = isFine && troubles.length === 0 && survey.unreachable.length === 0;
  if (session.flags.json !== undefined) {
    const { unreachable } = survey;
    const report = { event: 'stop', ok, services: stopped, faults: troubles, unreachable };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } else {
    for (const trouble of troubles) process.stderr.write(`${trouble}\n`);
    process.stdout.write(stopText(stopped, survey));
  }
  return ok ? EXIT_OK : EXIT_FAILURE;
}

const ENDINGS: Readonly<Record<Stopped['how'], string>> = {
  term: 'stopped',
  kill: 'stopped by SIGKILL, since it did not end in time',
  gone: 'had ended before; its state is removed',
  stuck: 'does not end, not even by SIGKILL: look at the node',
  fault: 'nobody knows',
};

function stopText(stopped: readonly Stopped[], { facts }: Survey): string {
  if (stopped.length === 0) return facts.size === 0 ? '' : NOTHING;
  const rows = stopped.map(({ host, id, how, fault }) => [host, id, fault || ENDINGS[how]]);
  const done = stopped.filter(({ how }) => how !== 'stuck' && how !== 'fault').length;
  const sum = `${done} of ${counted(stopped.length, 'service')} stopped.`;
  return `${[...tableLines(rows), sum].join('\n')}\n`;
}

export async function runDeployRestart(session: Session): Promise<number> {
  const { survey, services } = await find(session);
  if (services.length === 0) {
    if (session.flags.json === undefined) process.stdout.write(statusText([], survey));
    return EXIT_FAILURE;
  }
  const again = services.map(({ node, service }): Service => {
    return { ...service, node, action: 'replace' };
  });
  return watched(session, (parts) => deployAgain(again, survey, parts));
}
