/**
 * Child processes of the bench. Every one that is started is in one set until it has ended, and
 * `stopAll` ends what is left, by process id, whatever happened before.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { processTree } from '../measure/cpu.ts';
import { pinned } from './pin.ts';

const RUNNING = new Set<Child>();
let stoppingAll = false;
const STOP_GRACE_MS = 3000;
const KEPT_OUTPUT_CHARS = 4000;

/** Where a child runs. */
export interface Place {
  /** Null: wherever the system likes. */
  readonly core: number | null;
  /** Its working folder: what a program writes beside itself goes there. */
  readonly folder: string;
}

export class Child {
  readonly name: string;
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #output = '';
  #errorOutput = '';
  #hasEnded = false;
  #onOutput: () => void = () => {};

  /** Starts `argv`. Throws when the program cannot be started. */
  constructor(name: string, place: Place, argv: readonly string[]) {
    if (stoppingAll) throw new Error(`${name} is not started: the bench is stopping`);
    const [command = '', ...args] = pinned(place.core, argv);
    this.name = name;
    this.#process = spawn(command, args, { cwd: place.folder, stdio: 'pipe' });
    this.#process.on('error', (error) => {
      this.#errorOutput += error.message;
    });
    this.#process.stdin?.on('error', () => {});
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#onOutput();
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errorOutput = (this.#errorOutput + text).slice(-KEPT_OUTPUT_CHARS);
    });
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', () => {
        this.#hasEnded = true;
        RUNNING.delete(this);
        this.#onOutput();
        resolve();
      });
    });
    if (this.#process.pid === undefined) throw new Error(`cannot start ${name}: ${command}`);
    this.pid = this.#process.pid;
    RUNNING.add(this);
  }

  /** The first whole line on standard output; an error when the child ends or takes too long. */
  firstLine(timeoutMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(this.failure(`no answer in ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.#onOutput = () => {
        const end = this.#output.indexOf('\n');
        if (end < 0 && !this.#hasEnded) return;
        clearTimeout(timer);
        if (end < 0) reject(this.failure('ended without an answer'));
        else resolve(this.#output.slice(0, end));
      };
      this.#onOutput();
    });
  }

  /** Everything on standard output once the child has ended by itself and without an error. */
  async wholeOutput(timeoutMs: number): Promise<string> {
    const timer = setTimeout(() => void this.stop(), timeoutMs);
    await this.#ended;
    clearTimeout(timer);
    if (this.#process.exitCode !== 0) throw this.failure(`ended with ${this.#process.exitCode}`);
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What it has printed on standard output so far. */
  get output(): string {
    return this.#output;
  }

  failure(what: string): Error {
    const said = (this.#errorOutput || this.#output).trim();
    return new Error(`${this.name}: ${what}${said === '' ? '' : `\n${said}`}`);
  }

  /** SIGTERM to the whole tree, SIGKILL to what is left of it after a grace period. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    const pids = processTree(this.pid);
    this.#process.stdin?.end();
    for (const pid of pids) signal(pid, 'SIGTERM');
    const timer = setTimeout(() => {
      for (const pid of pids) signal(pid, 'SIGKILL');
    }, STOP_GRACE_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}

/** Ends every child; none can be started afterwards. */
export async function stopAll(): Promise<void> {
  stoppingAll = true;
  await Promise.all([...RUNNING].map((child) => child.stop()));
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}
