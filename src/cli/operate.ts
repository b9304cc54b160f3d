/**
 * `llm-router status`, `backends`, `reload`, `rollback`, `drain`, `enable`, `maintenance`: a
 * running router from the command line, through its admin API. Exit codes: 0 done, 1 not done or
 * not reached, 3 the router refused the configuration.
 */
import { EXIT_CONFIG, EXIT_FAILURE, EXIT_OK } from './exit-codes.ts';
import { endpointLines, reloadLines, rollbackLines, statusLines } from './operate-text.ts';
import {
  DEFAULT_URL,
  type OperatorAnswer,
  OperatorClient,
  OperatorFailure,
  TOKEN_VARIABLE,
} from './operator-client.ts';

export type OperateVerb =
  | 'status'
  | 'backends'
  | 'reload'
  | 'rollback'
  | 'drain'
  | 'enable'
  | 'maintenance';

type Flags = Readonly<Record<string, string>>;

const STATES = { drain: 'draining', enable: 'enabled', maintenance: 'maintenance' } as const;

export async function runOperate(verb: OperateVerb, flags: Flags): Promise<number> {
  try {
    const { url = DEFAULT_URL } = flags;
    const client = new OperatorClient(url, process.env[TOKEN_VARIABLE] ?? '');
    if (verb === 'status') return await show(client, flags, '/admin/status', statusLines);
    if (verb === 'backends') return await show(client, flags, '/admin/endpoints', endpointLines);
    if (verb === 'reload') return await reload(client, flags);
    if (verb === 'rollback') return await rollback(client, flags);
    return await setState(client, flags, STATES[verb]);
  } catch (error) {
    if (!(error instanceof OperatorFailure)) throw error;
    process.stderr.write(`llm-router: ${error.message}.\n`);
    return EXIT_FAILURE;
  }
}

async function show(
  client: OperatorClient,
  flags: Flags,
  path: string,
  linesOf: (body: OperatorAnswer['body'], nowMs: number) => readonly string[],
): Promise<number> {
  const { body } = good(await client.ask('GET', path));
  print(flags, body, linesOf(body, Date.now()));
  return EXIT_OK;
}

async function reload(client: OperatorClient, flags: Flags): Promise<number> {
  const path = flags['dry-run'] === undefined ? '/admin/reload' : '/admin/reload?dry_run=1';
  const answer = await client.ask('POST', path);
  const refused = answer.body.outcome === 'refused';
  const { body } = refused ? answer : good(answer);
  print(flags, body, reloadLines(body));
  return refused ? EXIT_CONFIG : EXIT_OK;
}

async function rollback(client: OperatorClient, flags: Flags): Promise<number> {
  const answer = await client.ask('POST', '/admin/rollback');
  if (answer.body.outcome === 'refused') {
    throw new OperatorFailure(`not done: ${(answer.body.problems as string[]).join('; ')}`);
  }
  const { body } = good(answer);
  print(flags, body, rollbackLines(body));
  return EXIT_OK;
}

async function setState(
  client: OperatorClient,
  flags: Flags,
  state: (typeof STATES)[keyof typeof STATES],
): Promise<number> {
  const { body } = good(await client.ask('GET', '/admin/endpoints'));
  const all = body.endpoints as readonly { readonly id: string }[];
  const id = named(
    all.map((endpoint) => endpoint.id),
    flags.endpoint ?? '',
  );
  const path = `/admin/endpoints/${encodeURIComponent(id)}`;
  const changed = good(await client.ask('PATCH', path, { state }));
  const { connections } = changed.body;
  const running = state === 'enabled' || !connections ? '' : `, ${connections} requests still run`;
  print(flags, changed.body, [`${id}: ${state}${running}`]);
  return EXIT_OK;
}

/** The one id that is, or contains, what was asked for. */
function named(ids: readonly string[], asked: string): string {
  if (asked === '') throw new OperatorFailure('which endpoint? Name it with -endpoint ID');
  if (ids.includes(asked)) return asked;
  const near = ids.filter((id) => id.includes(asked));
  if (near.length === 1) return near[0]!;
  const [first, ...others] = near.slice(0, 5);
  if (first === undefined) {
    throw new OperatorFailure(`no endpoint is called "${asked}"; llm-router backends lists them`);
  }
  const list = [first, ...others].join(', ');
  throw new OperatorFailure(`"${asked}" fits ${near.length} endpoints (${list}); be more exact`);
}

function good(answer: OperatorAnswer): OperatorAnswer {
  if (answer.status < 400) return answer;
  const message = String(answer.body.error?.message ?? `it answers ${answer.status}`);
  throw new OperatorFailure(`not done: ${message.replace(/\.$/, '')}`);
}

function print(flags: Flags, body: object, lines: readonly string[]): void {
  const text = flags.json === undefined ? lines.join('\n') : JSON.stringify(body);
  process.stdout.write(`${text}\n`);
}
