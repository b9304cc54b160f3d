/** What is printed before and after: the plan, the summary, the state of services. Pure texts. */
import { printable } from '../config/problem.ts';
import { commandText } from './engine-command.ts';
import { gpuRange, type Plan, type Service } from './plan.ts';
import { runJson } from './progress.ts';
import type { ServiceRun } from './service-run.ts';
import type { Survey, Unreachable } from './survey.ts';
import { counted, duration, table } from './table.ts';

/** What a dry run prints: every service with its exact command. */
export function planText({ services, notes, problems }: Plan, { unreachable }: Survey): string {
  const rows = services.map(({ node, gpus, port, action, id }) => {
    return [node.host, gpuRange(gpus), `${port}`, action, id];
  });
  const commands = services
    .filter(({ action }) => action !== 'keep')
    .flatMap((service) => ['', `${service.node.host}, ${service.id}:`, `  ${shown(service)}`]);
  const listed =
    services.length === 0 ? [] : table([['NODE', 'GPUS', 'PORT', 'PLAN', 'SERVICE'], ...rows]);
  return lines([
    ...unreachableLines(unreachable),
    ...problems.map((problem) => `problem: ${problem}`),
    ...notes.map((note) => `note: ${note}`),
    ...listed,
    ...commands,
    ...(services.length === 0 ? [] : ['']),
    `Dry run: nothing was started. ${planCount(services)}`,
  ]);
}

export function planJson({ services, notes, problems }: Plan, { unreachable }: Survey): string {
  const rows = services.map((service) => ({
    host: service.node.host,
    id: service.id,
    model_name: service.servedName,
    gpus: service.gpus,
    port: service.port,
    api_base: service.apiBase,
    action: service.action,
    command: shown(service),
  }));
  const ok = unreachable.length === 0 && problems.length === 0;
  return `${JSON.stringify({ event: 'plan', ok, services: rows, notes, problems, unreachable })}\n`;
}

function shown({ command }: Service): string {
  return commandText(command);
}

function planCount(services: readonly Service[]): string {
  const of = (action: Service['action']) => services.filter((one) => one.action === action).length;
  const parts = [`${of('start')} to start`, `${of('keep')} to keep`];
  if (of('replace') > 0) parts.push(`${of('replace')} to replace`);
  return `${counted(services.length, 'service')}: ${parts.join(', ')}.`;
}

export function unreachableLines(unreachable: readonly Unreachable[]): string[] {
  return unreachable.map(({ host, fault }) => `${host}: ${fault}`);
}

/** What came of it all; `nowMs` is on the scale of the runs. */
export interface Outcome {
  readonly plan: Plan;
  readonly survey: Survey;
  readonly runs: readonly ServiceRun[];
  readonly faults: readonly string[];
  readonly files: readonly string[];
  readonly endpointsFile: string;
  readonly isInterrupted: boolean;
  readonly nowMs: number;
}

export function isGood({ plan, survey, runs, faults, isInterrupted }: Outcome): boolean {
  const isWhole = plan.problems.length === 0 && survey.unreachable.length === 0;
  return isWhole && !isInterrupted && faults.length === 0 && runs.every(isReady);
}

const GOING_ON =
  'The engines go on by themselves: run the same deploy up to wait for them, or deploy stop.';

/** Failures first. */
export function summaryText(outcome: Outcome): string {
  const { plan, survey, runs, faults, files, endpointsFile } = outcome;
  const failed = runs.filter(({ phase }) => phase === 'failed');
  const ready = runs.filter(isReady);
  const kept = ready.filter(({ service }) => service.action === 'keep').length;
  const open = runs.length - failed.length - ready.length;
  const troubles = [
    ...unreachableLines(survey.unreachable),
    ...plan.problems,
    ...failed.flatMap((run) => failureLines(run, outcome.nowMs)),
    ...faults,
  ];
  const of = `${ready.length} of ${counted(runs.length, 'service')} ready`;
  const count = runs.length === 0 ? 'Nothing was started' : of;
  const keptText = kept === 0 ? '' : ` (${kept} ran already)`;
  const list = ready.map(({ service }) => [`  ${service.servedName}`, service.apiBase]);
  const oddities = ready
    .filter(({ detail, service }) => detail !== '' && service.action !== 'keep')
    .map(({ service, detail }) => `note: ${service.apiBase} ${printable(detail, 300)}`);
  const written = ready.length === 0 ? files : [endpointsFile, ...files];
  return lines([
    ...(troubles.length === 0 ? [] : ['Failed:', ...troubles.map((line) => `  ${line}`), '']),
    ...(open === 0 ? [] : [`${counted(open, 'service')} still starting. ${GOING_ON}`]),
    ...oddities,
    `${count}${keptText}${list.length === 0 ? '.' : ':'}`,
    ...table(list),
    ...(written.length === 0 ? [] : [`Written: ${written.join(', ')}`]),
  ]);
}

function failureLines(run: ServiceRun, nowMs: number): string[] {
  const { service, detail, advice } = run;
  const where = `${service.node.host} GPU ${gpuRange(service.gpus)} port ${service.port}`;
  const what = `${where} (${service.id}, after ${duration(run.elapsedMs(nowMs))}):`;
  const todo = advice === '' ? [] : [`  what to do: ${advice}`];
  return [what, `  ${printable(detail, 500)}`, ...todo];
}

export function summaryJson(outcome: Outcome): string {
  const { plan, survey, runs, faults, files, endpointsFile, isInterrupted, nowMs } = outcome;
  const order = [...runs].sort((a, b) => Number(isReady(a)) - Number(isReady(b)));
  const summary = {
    event: 'summary',
    ok: isGood(outcome),
    interrupted: isInterrupted,
    unreachable: survey.unreachable,
    problems: plan.problems,
    notes: plan.notes,
    services: order.map((run) => runJson(run, nowMs)),
    faults,
    files: [endpointsFile, ...files],
  };
  return `${JSON.stringify(summary)}\n`;
}

function isReady({ phase }: ServiceRun): boolean {
  return phase === 'ready';
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
