/**
 * A child process of a test: its JSON log is read as it grows, its end is awaited, and it never
 * outlives the test process, however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface LogLine {
  readonly msg?: string;
  readonly level?: number;
  readonly [field: string]: unknown;
}

const MAX_OUTPUT = 1 << 20;
/** Starting takes long on a busy machine. */
const LOGGED_MS = 30_000;
const STOP_MS = 20_000;

/** A signal that ends the test process must let its 'exit' listeners end the children. */
function exitOnSignals(): void {
  if (process.listenerCount('SIGTERM') > 0) return;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(1));
  }
}

export class Child {
  readonly #process: ChildProcess;
  readonly #lines: LogLine[] = [];
  readonly #watchers = new Set<() => void>();
  readonly exited: Promise<number>;
  #output = '';
  #partial = '';
  #over = false;

  constructor(program: string, args: readonly string[]) {
    exitOnSignals();
    const env = { ...process.env, LLM_ROUTER_NODE: process.execPath };
    // NODE_TEST_CONTEXT would make a child believe that it is a test file.
    Reflect.deleteProperty(env, 'NODE_TEST_CONTEXT');
    this.#process = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const end = () => this.#process.kill('SIGKILL');
    process.once('exit', end);
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT);
      });
    }
    this.#process.stdout!.on('data', (text: string) => this.#read(text));
    this.exited = once(this.#process, 'close').then(([code]) => {
      process.off('exit', end);
      this.#over = true;
      this.#notify();
      return (code as number | null) ?? -1;
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Every JSON line on standard output so far. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** The end of standard output and standard error together. */
  get output(): string {
    return this.#output;
  }

  /** The first line that fits, now or later; rejects when the process ends or time is up. */
  logged(fits: (line: LogLine) => boolean, timeoutMs = LOGGED_MS): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        act();
      };
      const look = () => {
        const line = this.#lines.find(fits);
        if (line !== undefined) settle(() => resolve(line));
        else if (this.#over) settle(() => reject(this.#complaint('ended before it logged that')));
      };
      const timer = setTimeout(
        () => settle(() => reject(this.#complaint(`did not log that in ${timeoutMs} ms`))),
        timeoutMs,
      );
      this.#watchers.add(look);
      look();
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** SIGTERM, then its exit code; rejects after killing it when it does not end. */
  async stop(timeoutMs = STOP_MS): Promise<number> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#process.kill('SIGKILL');
    }, timeoutMs);
    this.#process.kill('SIGTERM');
    const code = await this.exited;
    clearTimeout(timer);
    if (late) throw this.#complaint(`did not end in ${timeoutMs} ms after SIGTERM`);
    return code;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exited;
  }

  #read(text: string): void {
    const parts = (this.#partial + text).split('\n');
    this.#partial = parts.pop()!;
    for (const part of parts) {
      if (part.startsWith('{')) this.#lines.push(JSON.parse(part) as LogLine);
    }
    this.#notify();
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #complaint(what: string): Error {
    return new Error(`the child process ${what}:\n${this.#output}`);
  }
}
