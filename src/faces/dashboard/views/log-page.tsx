/** The end of the router's log, as it is written; older lines are in its files. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { clock, moment } from '../format.ts';
import { question, tell } from '../parts/dialog.tsx';
import { SearchField, Select } from '../parts/fields.tsx';
import { Icon } from '../parts/icons.tsx';
import type { LogAnswer, LogLine } from '../state/admin-answers.ts';
import { ApiError, ask } from '../state/api.ts';
import { useCell } from '../state/cell.ts';
import { place, setQuery } from '../state/place.ts';
import { textNow, useText } from '../text/text.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const EVERY_MS = 1000;
const MAX_LINES = 2000;
/** Lines drawn at once: what came before is found by the search. */
const SHOWN = 500;

export function LogPage() {
  const { log } = useText();
  const { query } = useCell(place);
  const [isPaused, setPaused] = useState(false);
  const { lines, level, problem } = useLog();
  const frozen = useRef(lines);
  if (!isPaused) frozen.current = lines;
  const least = query.get('level') ?? '';
  const word = (query.get('q') ?? '').toLowerCase();
  const found = frozen.current.filter(
    (line) =>
      LEVELS.indexOf(line.level) >= LEVELS.indexOf(least) &&
      (word === '' || textOf(line).toLowerCase().includes(word)),
  );
  const missed = lines.length - frozen.current.length;
  return (
    <div class="page-fill">
      <search class="toolbar">
        <SearchField
          label={log.search}
          value={query.get('q') ?? ''}
          onChange={(q) => setQuery({ q })}
        />
        <Select
          label={log.level}
          value={least}
          onChange={(next) => setQuery({ level: next })}
          options={[
            ['', `${log.level}: trace`],
            ...LEVELS.slice(1).map((one): [string, string] => [one, `${log.level}: ${one}`]),
          ]}
        />
        <span class="shown" role="status">
          {isPaused ? log.paused(Math.max(0, missed)) : log.lines(found.length)}
        </span>
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          <Icon name={isPaused ? 'play' : 'pause'} />
          {isPaused ? log.follow : log.pause}
        </button>
        {level !== '' && <Verbosity level={level} />}
      </search>
      {problem === '' ? (
        <Lines lines={found.slice(-SHOWN)} isFollowing={!isPaused} />
      ) : (
        <p class="empty">{problem}</p>
      )}
    </div>
  );
}

function useLog() {
  const { log } = useText();
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [level, setLevel] = useState('');
  const [problem, setProblem] = useState('');
  useEffect(() => {
    let after = 0;
    let busy = false;
    const fetchNow = async () => {
      if (busy) return;
      busy = true;
      try {
        const answer = await ask<LogAnswer>(`/admin/log?after=${after}&limit=${MAX_LINES}`);
        after = answer.last;
        setLevel(answer.level);
        setProblem('');
        if (answer.lines.length > 0) {
          setLines((before) => [...before, ...answer.lines].slice(-MAX_LINES));
        }
      } catch (error) {
        const isAbsent = error instanceof ApiError && error.status === 404;
        if (isAbsent) setProblem(log.unavailable);
      }
      busy = false;
    };
    void fetchNow();
    const timer = setInterval(fetchNow, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return { lines, level, problem };
}

function Verbosity({ level }: { readonly level: string }) {
  const { log } = useText();
  const change = (next: string) => {
    question.set({
      title: `${log.verbosity}: ${next}`,
      subject: '',
      text: log.verbosityAsk,
      go: next,
      act: () => void setLevel(next),
    });
  };
  return (
    <Select
      isPlain
      label={log.verbosity}
      value={level}
      onChange={change}
      options={[...LEVELS, 'silent'].map((one) => [one, `${log.verbosity}: ${one}`])}
    />
  );
}

async function setLevel(level: string): Promise<void> {
  const { actions, log } = textNow();
  try {
    await ask('/admin/log-level', 'PUT', { level });
    tell(actions.done(`${log.verbosity} ${level}`));
  } catch (error) {
    tell(actions.failed(log.verbosity, String((error as Error).message)), 'bad');
  }
}

interface LinesProps {
  readonly lines: readonly LogLine[];
  readonly isFollowing: boolean;
}

function Lines({ lines, isFollowing }: LinesProps) {
  const { nav, log } = useText();
  const box = useRef<HTMLDivElement>(null);
  const last = lines.at(-1)?.seq;
  useEffect(() => {
    if (isFollowing && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [last, isFollowing]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <div class="log" ref={box} tabIndex={0} role="log" aria-label={nav.log} aria-live="off">
      {lines.length === 0 && <p class="empty">{log.empty}</p>}
      {lines.map((line) => (
        <p key={line.seq} class={line.level}>
          <time title={moment(line.at_ms)}>{clock(line.at_ms)}</time>
          <span class="level">{line.level}</span>
          <span class="text">
            <strong>{line.msg}</strong> {fieldsOf(line)}
          </span>
        </p>
      ))}
    </div>
  );
}

function fieldsOf({ seq: _seq, at_ms: _at, level: _level, msg: _msg, ...fields }: LogLine) {
  return Object.entries(fields).map(([name, value]) => (
    <span key={name} class="pair">
      <span class="name">{name}=</span>
      {typeof value === 'string' ? value : JSON.stringify(value)}
    </span>
  ));
}

function textOf(line: LogLine): string {
  return JSON.stringify(line);
}
