/**
 * What an engine's log says about its start. Pure. Fed with the text as it grows; remembers the
 * last line, whether the engine says that it is ready, whether its port was taken, and the line
 * that explains a crash best.
 */

/** Lines longer than this are cut; engines print whole configurations. */
const MAX_LINE = 4096;

const PORT_TAKEN = /address already in use|errno 98\b/i;
/** Libraries inside the engine try ports of their own and go on. */
const OTHER_PORT = /allreduce|flashinfer/i;
const READY = /application startup complete\.|uvicorn running on/i;

/** What kills engines, the most telling first. `advice` completes the report of a failure. */
const CAUSES: readonly { readonly pattern: RegExp; readonly advice: string }[] = [
  {
    pattern: /No module named |ModuleNotFoundError|ImportError/,
    advice: 'install the engine in that Python, or name another one (--python-cmd)',
  },
  {
    pattern: /out of memory|OutOfMemoryError|No available memory for the cache blocks/i,
    advice: 'use more GPUs an engine (--tensor-parallel-size), or a shorter --max-model-len',
  },
  {
    pattern: /No space left on device/,
    advice: 'free some disk on the node (model cache, shared memory, log)',
  },
  {
    pattern: /not a valid model identifier|does not appear to have a file|Repository Not Found/i,
    advice: 'check the model name or path; it must be readable on the node',
  },
  {
    pattern: /unrecognized arguments|error: argument |the following arguments are required/,
    advice: 'this version of the engine does not know one of the arguments',
  },
  { pattern: /^(\[?[\w.]*\]?\s*)?[\w.]*(Error|Exception)\b.*/, advice: '' },
];

export interface Cause {
  /** The line of the log. */
  readonly line: string;
  /** What to do; '' = read the log. */
  readonly advice: string;
}

export class LogWatch {
  isReady = false;
  isPortTaken = false;
  /** The last line with something on it. */
  lastLine = '';
  #cause: Cause | undefined;
  #rank = CAUSES.length;
  #partial = '';

  feed(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop()!.slice(-MAX_LINE);
    for (const line of lines) this.#read(line);
    // A progress bar may go on for minutes before its line ends.
    if (this.#partial.includes('\r')) this.lastLine = cleaned(this.#partial) || this.lastLine;
  }

  #read(raw: string): void {
    const line = cleaned(raw.slice(0, MAX_LINE));
    if (line === '') return;
    this.lastLine = line;
    if (READY.test(line)) this.isReady = true;
    if (PORT_TAKEN.test(line) && !OTHER_PORT.test(line)) this.isPortTaken = true;
    const rank = CAUSES.findIndex(({ pattern }) => pattern.test(line));
    // Of equals the later: a traceback ends with what it is about.
    if (rank === -1 || rank > this.#rank) return;
    this.#rank = rank;
    this.#cause = { line, advice: CAUSES[rank]!.advice };
  }

  /** Why a process that is gone ended, as far as its log tells. */
  cause(): Cause {
    if (this.#partial !== '') this.feed('\n');
    return this.#cause ?? { line: this.lastLine, advice: '' };
  }
}

/** Without colours, and of a line that was overwritten its last state. */
function cleaned(line: string): string {
  const plain = line.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '');
  return (
    plain
      .split('\r')
      .findLast((part) => part.trim() !== '')
      ?.trim() ?? ''
  );
}
