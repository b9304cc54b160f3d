/**
 * The terminal dashboard on ink: draws the lines of `screen`, hands keys to `view`, and gives the
 * terminal back however it ends.
 */
import { Box, type Key as InkKey, render, Text, useApp, useInput, useWindowSize } from 'ink';
import { createElement as h, type ReactElement, useEffect, useReducer } from 'react';
import type { StatusSnapshot } from '../../control/status.ts';
import { follow, isDue } from './feed.ts';
import { plainLine } from './plain.ts';
import { type Line, type LogLine, type Shown, type Span, screenOf } from './screen.ts';
import type { Tone } from './tables.ts';
import { type Deed, FIRST_VIEW, type Key, press, type View } from './view.ts';

export interface TopOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly color: boolean;
}

const KEPT_SECONDS = 120;
const KEPT_LINES = 500;
const LOG_EVERY_MS = 1000;
const FRAMES_PER_S = 15;

const COLORS: Readonly<Record<Tone, string | undefined>> = {
  good: 'green',
  warn: 'yellow',
  bad: 'red',
  quiet: 'gray',
  plain: undefined,
};

interface State {
  /** The viewer has just changed something, and waits to see it. */
  readonly eager: boolean;
  /** A value a second, also while nothing is drawn. */
  readonly curves: Pick<Shown, 'requestsPerS' | 'inFlight'>;
  readonly view: View;
  readonly shown: Shown;
}

type Event =
  | { readonly kind: 'status'; readonly status: StatusSnapshot }
  | { readonly kind: 'trouble'; readonly why: string }
  | { readonly kind: 'view'; readonly view: View }
  | { readonly kind: 'told'; readonly message: string }
  | { readonly kind: 'log'; readonly lines: readonly LogLine[] };

const EMPTY: State = {
  eager: false,
  curves: { requestsPerS: [], inFlight: [] },
  view: FIRST_VIEW,
  shown: { status: undefined, trouble: '', requestsPerS: [], inFlight: [], log: [], nowMs: 0 },
};

function reduce(state: State, event: Event): State {
  const { view, shown } = state;
  const nowMs = Date.now();
  switch (event.kind) {
    case 'status': {
      const { requests_per_s, in_flight } = event.status.traffic;
      const curves = {
        requestsPerS: [...state.curves.requestsPerS, requests_per_s].slice(-KEPT_SECONDS),
        inFlight: [...state.curves.inFlight, in_flight].slice(-KEPT_SECONDS),
      };
      if (!isDrawnNow(state, event.status)) return { ...state, curves };
      const { status } = event;
      const drawn = { ...shown, ...curves, status, trouble: '', nowMs };
      return { view, curves, eager: false, shown: drawn };
    }
    case 'trouble':
      return { ...state, shown: { ...shown, trouble: event.why, nowMs } };
    case 'view':
      return { ...state, view: event.view };
    case 'told':
      return { ...state, eager: true, view: { ...view, message: event.message } };
    default: {
      const log = [...shown.log, ...event.lines].slice(-KEPT_LINES);
      return { ...state, shown: { ...shown, log } };
    }
  }
}

function isDrawnNow({ eager, shown }: State, next: StatusSnapshot): boolean {
  return eager || shown.trouble !== '' || isDue(shown.status, next);
}

/** Runs until the viewer quits or a signal ends it. */
export async function runTopApp(options: TopOptions): Promise<void> {
  const app = render(h(Top, options), {
    alternateScreen: true,
    exitOnCtrlC: true,
    incrementalRendering: true,
    // This runs on a terminal only. ink's own guess takes a shell with CI set for a build's log and
    // would draw nothing until the end.
    interactive: true,
    maxFps: FRAMES_PER_S,
  });
  const end = () => app.unmount();
  process.once('SIGTERM', end);
  process.once('SIGHUP', end);
  await app.waitUntilExit();
  process.off('SIGTERM', end);
  process.off('SIGHUP', end);
}

/** A line for each status, until a signal ends it. */
export async function runTopPlain({ url, headers }: TopOptions): Promise<void> {
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort());
  process.once('SIGTERM', () => ended.abort());
  // Whoever reads may leave first, as `head` does.
  process.stdout.once('error', () => ended.abort());
  let said = '';
  const listener = {
    onStatus(status: StatusSnapshot) {
      said = '';
      process.stdout.write(`${plainLine(status)}\n`);
    },
    // Once, however often it is tried again.
    onTrouble(why: string) {
      if (why !== said) process.stderr.write(`llm-router: ${why}.\n`);
      said = why;
    },
  };
  await follow(url, headers, listener, ended.signal);
}

function Top(options: TopOptions): ReactElement {
  const [{ view, shown }, dispatch] = useReducer(reduce, EMPTY);
  const { exit } = useApp();
  const size = useWindowSize();
  useEffect(() => {
    const ended = new AbortController();
    const listener = {
      onStatus: (status: StatusSnapshot) => dispatch({ kind: 'status', status }),
      onTrouble: (why: string) => dispatch({ kind: 'trouble', why }),
    };
    void follow(options.url, options.headers, listener, ended.signal);
    const stopLog = readLog(options, (lines) => dispatch({ kind: 'log', lines }));
    return () => {
      ended.abort();
      stopLog();
    };
  }, [options]);
  useInput((text, key) => {
    let seen = view;
    for (const one of keysOf(text, key)) {
      const pressed = press(seen, one, shown.status);
      seen = pressed.view;
      if (pressed.quit) exit();
      if (pressed.deed !== undefined) {
        void perform(options, pressed.deed).then((message) => dispatch({ kind: 'told', message }));
      }
    }
    dispatch({ kind: 'view', view: seen });
  });
  const lines = screenOf(view, shown, size);
  const drawn = lines.map((line, index) => drawLine(line, index, options.color));
  return h(Box, { flexDirection: 'column', width: size.columns, height: size.rows }, drawn);
}

function drawLine(line: Line, index: number, color: boolean): ReactElement {
  const spans = line.map((span, at) => drawSpan(span, at, color));
  // A text without characters would have no height.
  const isEmpty = line.every(({ text }) => text === '');
  return h(Text, { key: index, wrap: 'truncate' }, isEmpty ? ' ' : spans);
}

function drawSpan({ text, tone, bold, inverse }: Span, at: number, color: boolean): ReactElement {
  const paint = color && tone !== undefined ? COLORS[tone] : undefined;
  const style = { bold: bold === true, inverse: inverse === true };
  return h(Text, { key: at, ...style, ...(paint === undefined ? {} : { color: paint }) }, text);
}

/** Keys typed faster than they are read come as one text. */
function keysOf(text: string, key: InkKey): readonly Key[] {
  const one = keyOf(text, key);
  return one.name === '' ? [...one.text].map((char) => ({ name: '', text: char })) : [one];
}

function keyOf(text: string, key: InkKey): Key {
  const name = key.upArrow
    ? 'up'
    : key.downArrow
      ? 'down'
      : key.pageUp
        ? 'pageUp'
        : key.pageDown
          ? 'pageDown'
          : key.return
            ? 'enter'
            : key.escape
              ? 'escape'
              : key.tab
                ? 'tab'
                : key.backspace || key.delete
                  ? 'erase'
                  : '';
  return { name, text: name === '' && !key.ctrl && !key.meta ? text : '' };
}

/** What to tell the viewer about what came of it. */
async function perform(options: TopOptions, deed: Deed): Promise<string> {
  const path = `/admin/endpoints/${encodeURIComponent(deed.id)}`;
  const change = deed.kind === 'state';
  const answer = await ask(
    options,
    change ? 'PATCH' : 'POST',
    change ? path : `${path}/${deed.kind}`,
    {
      ...(change ? { state: deed.state } : {}),
    },
  );
  if (answer.failed !== '') return `${deed.id}: ${answer.failed}`;
  if (change) return `${deed.id}: ${deed.state}`;
  const { outcome, detail } = answer.body as { outcome?: string; detail?: string };
  const found = [outcome, detail].filter(Boolean).join(': ');
  return `${deed.id}: ${found || (deed.kind === 'check' ? 'checked' : 'its ejection is over')}`;
}

/** Asks for new lines of the log every second; returns what ends that. */
function readLog(options: TopOptions, onLines: (lines: readonly LogLine[]) => void): () => void {
  let after = 0;
  let busy = false;
  const timer = setInterval(async () => {
    if (busy) return;
    busy = true;
    const { body, failed } = await ask(options, 'GET', `/admin/log?after=${after}`);
    busy = false;
    const { lines, last } = body as { lines?: readonly LogLine[]; last?: number };
    if (failed !== '' || lines === undefined) return;
    // The router was started anew, and counts from the beginning.
    after = last ?? 0;
    if (lines.length > 0) onLines(lines);
  }, LOG_EVERY_MS);
  return () => clearInterval(timer);
}

async function ask(
  { url, headers }: TopOptions,
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly body: object; readonly failed: string }> {
  try {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      body: method === 'GET' ? null : JSON.stringify(body ?? {}),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = (await response.json()) as { error?: { message?: string } };
    const failed = response.ok ? '' : (answer.error?.message ?? `answers ${response.status}`);
    return { body: answer, failed };
  } catch (error) {
    return { body: {}, failed: (error as Error).message };
  }
}
