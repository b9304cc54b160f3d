/**
 * Showing a rollout while it runs: as a panel that is drawn over itself on a terminal, as plain
 * lines elsewhere, or as JSON, a line an event. All write through one function.
 */
import { printable } from '../config/problem.ts';
import { gpuRange } from './plan.ts';
import type { ServiceRun } from './service-run.ts';
import { cut, duration, table } from './table.ts';

export interface Progress {
  /** A service entered a phase, or its last log line changed. */
  changed(run: ServiceRun, nowMs: number): void;
  /** Called a few times a second. */
  tick(runs: readonly ServiceRun[], nowMs: number): void;
  /** Before anything else is printed. */
  end(runs: readonly ServiceRun[], nowMs: number): void;
}

export interface Screen {
  write(text: string): void;
  /** Asked again at each drawing: windows change. */
  size(): { readonly columns: number; readonly rows: number };
}

const BAR_CELLS = 24;
/** Lines of the panel besides those of services, and one that stays free for the cursor. */
const OTHER_LINES = 4;

export class Panel implements Progress {
  readonly #screen: Screen;
  readonly #startMs: number;
  #drawnLines = 0;

  constructor(screen: Screen, startMs: number) {
    this.#screen = screen;
    this.#startMs = startMs;
  }

  changed(): void {}

  tick(runs: readonly ServiceRun[], nowMs: number): void {
    const { columns, rows } = this.#screen.size();
    const lines = panelLines(runs, { nowMs, startMs: this.#startMs, rows });
    const up = this.#drawnLines === 0 ? '' : `\u001b[${this.#drawnLines}A`;
    // Clears each line behind its text, and what an earlier, longer panel left below.
    const text = lines.map((line) => `${cut(line, columns)}\u001b[K\n`).join('');
    this.#screen.write(`${up}${text}\u001b[J`);
    this.#drawnLines = lines.length;
  }

  end(runs: readonly ServiceRun[], nowMs: number): void {
    this.tick(runs, nowMs);
    this.#drawnLines = 0;
  }
}

interface PanelView {
  readonly nowMs: number;
  readonly startMs: number;
  readonly rows: number;
}

/** When not all fit, those still to come are shown and the rest is counted. */
function panelLines(runs: readonly ServiceRun[], view: PanelView): string[] {
  const settled = runs.filter(({ isSettled }) => isSettled).length;
  const ready = runs.filter(({ phase }) => phase === 'ready').length;
  const cells = Math.round((settled / Math.max(1, runs.length)) * BAR_CELLS);
  const bar = `[${'#'.repeat(cells)}${'-'.repeat(BAR_CELLS - cells)}]`;
  const failed = settled - ready === 0 ? '' : `, ${settled - ready} failed`;
  const time = duration(view.nowMs - view.startMs);
  const room = Math.max(1, view.rows - OTHER_LINES);
  const order = [...runs].sort((a, b) => Number(a.isSettled) - Number(b.isSettled));
  const shown = runs.length <= room ? runs : order.slice(0, room);
  const head = ['NODE', 'GPUS', 'PORT', 'PHASE', 'FOR', ''];
  const lines = table([head, ...shown.map((run) => row(run, view.nowMs))]);
  const hidden = runs.length - shown.length;
  const more = hidden === 0 ? [] : [`… and ${hidden} more`];
  return [`${bar} ${ready}/${runs.length} ready${failed}  ${time}`, ...lines, ...more];
}

function row(run: ServiceRun, nowMs: number): string[] {
  const { service, phase, detail } = run;
  const time = run.startedMs < 0 ? '' : duration(run.elapsedMs(nowMs));
  const said = printable(detail, 300);
  return [service.node.host, gpuRange(service.gpus), `${service.port}`, phase, time, said];
}

/** Every so often, what is still waited for. */
const REMINDER_MS = 20_000;

export class PlainLines implements Progress {
  readonly #write: (text: string) => void;
  readonly #phases = new Map<ServiceRun, string>();
  #remindedMs: number;

  constructor(write: (text: string) => void, startMs: number) {
    this.#write = write;
    this.#remindedMs = startMs;
  }

  changed(run: ServiceRun, nowMs: number): void {
    const { phase, detail, service } = run;
    // Of a loading engine the log's last line changes all the time; the reminder shows it.
    const said = phase === 'loading' ? '' : detail;
    const state = `${phase} ${service.port} ${said}`;
    if (this.#phases.get(run) === state) return;
    this.#phases.set(run, state);
    this.#write(`${lineOf(run, nowMs, said)}\n`);
  }

  tick(runs: readonly ServiceRun[], nowMs: number): void {
    if (nowMs - this.#remindedMs < REMINDER_MS) return;
    this.#remindedMs = nowMs;
    for (const run of runs) {
      const isUnderWay = run.phase === 'loading' || run.phase === 'checking';
      if (isUnderWay) this.#write(`${lineOf(run, nowMs, run.detail)}\n`);
    }
  }

  end(): void {}
}

function lineOf(run: ServiceRun, nowMs: number, said: string): string {
  const { service, phase } = run;
  const where = `${service.node.host} GPU ${gpuRange(service.gpus)} port ${service.port}`;
  const time = run.elapsedMs(nowMs) < 1000 ? '' : ` after ${duration(run.elapsedMs(nowMs))}`;
  return `${where}: ${phase}${time}${said === '' ? '' : `: ${printable(said, 300)}`}`;
}

export class JsonLines implements Progress {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  changed(run: ServiceRun, nowMs: number): void {
    this.#write(`${JSON.stringify({ event: 'service', ...runJson(run, nowMs) })}\n`);
  }

  tick(): void {}

  end(): void {}
}

/** A service as programs read it. */
export function runJson(run: ServiceRun, nowMs: number): object {
  const { service, phase, detail, advice, conflicts } = run;
  return {
    host: service.node.host,
    id: service.id,
    model_name: service.servedName,
    gpus: service.gpus,
    port: service.port,
    api_base: service.apiBase,
    action: service.action,
    ...{ phase, detail, advice },
    port_conflicts: conflicts,
    elapsed_ms: Math.round(run.elapsedMs(nowMs)),
  };
}
