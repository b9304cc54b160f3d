/**
 * Running shell text on nodes through the system's ssh, so that ssh_config, agents, jump hosts and
 * known_hosts count. Never asks (BatchMode), and one connection a node is shared by all calls: by
 * the user's own ControlPath where there is one, else by one in a private folder.
 *
 * Invariant: at most `atOnce` sessions run at a time; a call never rejects; `close` ends every
 * shared connection that was opened here.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FleetNode } from './fleet.ts';
import { sshFault } from './ssh-faults.ts';

export interface Ran {
  readonly stdout: Buffer;
  /** Why there is no answer, one sentence; '' = the script ran. */
  readonly fault: string;
}

const CONNECT_SECONDS = 10;
const MAX_STDERR = 65_536;
/** What ssh said has been written when it ends; reading it takes a moment. */
const LAST_WORDS_MS = 100;
const OPTIONS = [
  ...['-T', '-o', 'BatchMode=yes', '-o', `ConnectTimeout=${CONNECT_SECONDS}`],
  ...['-o', 'ServerAliveInterval=15', '-o', 'ServerAliveCountMax=4'],
];
/** sun_path of unix(7); a hash of 40 digits and a suffix of ssh while it connects. */
const MAX_SOCKET_PATH = 104;
const PATH_ROOM = 60;
/** Should this process be killed, the shared connections end by themselves. */
const PERSIST_SECONDS = 60;

export class Ssh {
  readonly #dir = mkdtempSync(join(tmpdir(), 'llm-router-ssh-'));
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  readonly #settings = new Map<string, Promise<SshSettings>>();
  #running = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Runs `script` with `sh` on the node. */
  async run(node: FleetNode, script: string, timeoutMs: number): Promise<Ran> {
    const { control } = await this.settings(node);
    const args = [...OPTIONS, ...control, ...loginOf(node), '--', node.host, 'exec sh -s'];
    await this.#turn();
    const ended = await run(args, script, timeoutMs);
    this.#running--;
    this.#waiting.shift()?.();
    return { stdout: ended.stdout, fault: faultOf(node.host, ended, timeoutMs) };
  }

  /** What ssh_config says of a node; asks nobody but ssh itself. */
  settings(node: FleetNode): Promise<SshSettings> {
    let known = this.#settings.get(node.host);
    if (known === undefined) {
      known = this.#readSettings(node);
      this.#settings.set(node.host, known);
    }
    return known;
  }

  async #readSettings(node: FleetNode): Promise<SshSettings> {
    const { stdout } = await run(['-G', ...loginOf(node), '--', node.host], '', 10_000);
    const text = stdout.toString('utf8');
    const value = (key: string) => new RegExp(`^${key} (.+)$`, 'm').exec(text)?.[1] ?? '';
    const own = value('controlpath');
    // A socket's path is short; where the folder for temporary files is deep there is no sharing.
    const isTooLong = this.#dir.length + PATH_ROOM > MAX_SOCKET_PATH;
    const isShared = (own !== '' && own !== 'none') || isTooLong;
    const control = [
      ...['-o', 'ControlMaster=auto', '-o', `ControlPath=${join(this.#dir, '%C')}`],
      ...['-o', `ControlPersist=${PERSIST_SECONDS}`],
    ];
    return { address: value('hostname') || node.host, control: isShared ? [] : control };
  }

  async #turn(): Promise<void> {
    if (this.#running >= this.#atOnce) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
  }

  /** Ends the shared connections to these nodes. */
  async close(nodes: readonly FleetNode[]): Promise<void> {
    const ends = nodes.map(async (node) => {
      const { control } = await (this.#settings.get(node.host) ?? { control: [] });
      if (control.length === 0) return;
      await run([...control, ...loginOf(node), '-O', 'exit', '--', node.host], '', 5000);
    });
    await Promise.all(ends);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

interface SshSettings {
  /** The host name that ssh connects to. */
  readonly address: string;
  readonly control: readonly string[];
}

function loginOf({ ssh }: FleetNode): string[] {
  const { user, port, key } = ssh;
  return [
    ...(user === '' ? [] : ['-l', user]),
    ...(port === 0 ? [] : ['-p', String(port)]),
    ...(key === '' ? [] : ['-i', key]),
  ];
}

interface Ended {
  /** -1: it could not be started or took too long. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly isLate: boolean;
}

function run(args: readonly string[], input: string, timeoutMs: number): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn('ssh', args, { stdio: 'pipe' });
    const chunks: Buffer[] = [];
    let stderr = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGTERM');
      child.stdout.destroy();
    }, timeoutMs);
    const finish = (code: number) => {
      clearTimeout(timer);
      resolve({ code, stdout: Buffer.concat(chunks), stderr, isLate });
    };
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-MAX_STDERR);
    });
    // ssh may end before it has read everything; its exit code tells what that means.
    child.stdin.on('error', () => undefined);
    child.once('error', (error: NodeJS.ErrnoException) => {
      stderr += error.code ?? error.message;
      finish(-1);
    });
    // Not 'close': a shared connection that this call opened lives on as a process that, in older
    // versions of ssh, keeps standard error open.
    const ended = new Promise<number>((done) => child.once('exit', (code) => done(code ?? -1)));
    const read = new Promise((done) => child.stdout.once('close', done));
    const said = new Promise((done) => child.stderr.once('close', done));
    void Promise.all([ended, read]).then(async ([code]) => {
      await Promise.race([said, new Promise((done) => setTimeout(done, LAST_WORDS_MS).unref())]);
      child.stderr.destroy();
      finish(isLate ? -1 : code);
    });
    child.stdin.end(input);
  });
}

function faultOf(host: string, { code, stderr, isLate }: Ended, timeoutMs: number): string {
  if (isLate) return `the node did not answer within ${Math.round(timeoutMs / 1000)} s`;
  if (code === 255 || code === -1) return sshFault(host, stderr);
  // Scripts report their own troubles; a shell that cannot even begin leaves 126 or 127.
  return code === 126 || code === 127 ? `there is no usable sh: ${stderr.trim()}` : '';
}
