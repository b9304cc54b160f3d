/**
 * `llm-router deploy logs`: the end of each engine's log, and with `-f` what comes after it. Looks
 * again every second instead of leaving a reader on the node, so nothing stays behind there.
 */
import { withoutKey } from '../deploy/engine-command.ts';
import { parseLooks } from '../deploy/node-answers.ts';
import { lookScript } from '../deploy/node-script.ts';
import type { Placed } from '../deploy/services.ts';
import { find } from './deploy-running.ts';
import type { Session } from './deploy-session.ts';
import { EXIT_FAILURE, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';

const LOOK_MS = 30_000;
const POLL_MS = 1000;
const BACKLOG_BYTES = 65_536;
const DEFAULT_LINES = '20';

interface Reading {
  readonly placed: Placed;
  offset: number;
  /** The beginning of a line whose end has not come. */
  partial: string;
  isFirst: boolean;
}

export async function runDeployLogs(session: Session): Promise<number> {
  const lines = session.flags.lines ?? DEFAULT_LINES;
  if (!/^\d{1,5}$/.test(lines)) {
    process.stderr.write(`llm-router: --lines must be a number up to 99999, not "${lines}"\n`);
    return EXIT_USAGE;
  }
  const { survey, services } = await find(session);
  if (services.length === 0) process.stderr.write('Nothing that deploy started runs there.\n');
  const readings = services.map(
    (placed): Reading => ({ placed, offset: -BACKLOG_BYTES, partial: '', isFirst: true }),
  );
  const isFollowed = session.flags.f !== undefined && readings.length > 0;
  do {
    const byNode = Map.groupBy(readings, ({ placed }) => placed.node);
    await Promise.all([...byNode.values()].map((own) => look(own, session, Number(lines))));
    if (isFollowed) await session.sleep(POLL_MS);
  } while (isFollowed && !session.signal.aborted);
  if (isFollowed) return EXIT_OK;
  return survey.unreachable.length === 0 && services.length > 0 ? EXIT_OK : EXIT_FAILURE;
}

async function look(readings: readonly Reading[], session: Session, lines: number): Promise<void> {
  const { node } = readings[0]!.placed;
  const positions = readings.map(({ placed, offset }) => ({ id: placed.service.id, offset }));
  const script = lookScript(session.stateDir, positions);
  const { stdout, fault } = await session.ssh.run(node, script, LOOK_MS);
  if (session.signal.aborted) return;
  if (fault !== '') process.stderr.write(`${node.host}: ${fault}\n`);
  const looks = parseLooks(stdout);
  for (const reading of readings) {
    const found = looks.get(reading.placed.service.id);
    if (found !== undefined) print(reading, found, lines);
  }
}

function print(reading: Reading, found: { offset: number; log: string }, lines: number): void {
  // A restart begins a new log.
  const isNewLog = found.offset < reading.offset;
  reading.offset = isNewLog ? 0 : found.offset;
  const texts = (reading.partial + found.log).split('\n');
  reading.partial = texts.pop()!;
  const { node, service } = reading.placed;
  const shown = reading.isFirst ? texts.slice(Math.max(0, texts.length - lines)) : texts;
  if (found.log !== '') reading.isFirst = false;
  for (const text of shown) {
    const line = withoutKey(text, service.command);
    process.stdout.write(`${node.host} ${service.id} | ${line}\n`);
  }
}
