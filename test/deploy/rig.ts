/**
 * Nodes for tests of `deploy`: an sshd of its own for each on an address 127.0.0.x of this machine,
 * with its own home folder, a fake nvidia-smi of eight GPUs and Python modules that stand for the
 * engines; and `llm-router deploy` run against them through the system's ssh.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { assertBuilt, LAUNCHER } from '../fakes/built.ts';
import { sleep } from '../fakes/until.ts';

const PYTHON_MODULES = resolve(import.meta.dirname, 'python');
const START_MS = 30_000;

/** Why these tests cannot run here; '' = they can. */
export function whyNot(): string {
  if (process.platform !== 'linux') return 'it needs /proc';
  if (which('sshd') === '' || which('ssh') === '') return 'openssh-server is not installed';
  if (which('ssh-keygen') === '') return 'ssh-keygen is not installed';
  if (which('python3') === '') return 'python3 is not installed';
  return which('setsid') === '' ? 'setsid is not installed' : '';
}

function which(program: string): string {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin'];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? '';
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class DeployRig {
  readonly dir: string;
  readonly sshPort: number;
  readonly #python: string;
  readonly #servers: ChildProcess[] = [];
  readonly #knownHosts: string[] = [];

  private constructor(sshPort: number) {
    this.dir = mkdtempSync(join(tmpdir(), 'llm-router-deploy-'));
    this.sshPort = sshPort;
    const code = 'import sys; print(sys.executable)';
    this.#python = execFileSync('python3', ['-c', code], { encoding: 'utf8' }).trim();
    for (const name of ['here', 'there', 'faults']) mkdirSync(join(this.dir, name));
  }

  static async start(hosts: readonly string[]): Promise<DeployRig> {
    assertBuilt();
    const rig = new DeployRig(await freePorts(hosts[0]!, 1));
    try {
      rig.#prepare();
      for (const host of hosts) await rig.addNode(host);
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  #prepare(): void {
    for (const name of ['host_key', 'login_key']) {
      const args = ['-q', '-t', 'ed25519', '-N', '', '-f', join(this.dir, name)];
      execFileSync('ssh-keygen', args);
    }
    // A user's ssh_config is found by the password file; this stands for it.
    const config = [
      'Host *',
      `  Port ${this.sshPort}`,
      `  User ${userInfo().username}`,
      `  IdentityFile ${join(this.dir, 'login_key')}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${join(this.dir, 'known_hosts')}`,
      '  GlobalKnownHostsFile /dev/null',
      '  StrictHostKeyChecking yes',
    ];
    writeFileSync(join(this.dir, 'ssh_config'), `${config.join('\n')}\n`);
    const ssh = `exec ${which('ssh')} -F ${join(this.dir, 'ssh_config')} -o ConnectTimeout=2 "$@"`;
    this.#program('here/ssh', ssh);
    this.#program('there/python3', `exec ${this.#python} "$@"`);
    // Eight idle GPUs, or what the node's own file says.
    this.#program(
      'there/nvidia-smi',
      [
        'case $1 in',
        '  --query-compute-apps*) cat "$HOME/gpu-users" 2>/dev/null ;;',
        '  *) for id in 0 1 2 3 4 5 6 7; do echo "$id, GPU-$id, 4"; done ;;',
        'esac',
        'exit 0',
      ].join('\n'),
    );
  }

  #program(path: string, text: string): void {
    writeFileSync(join(this.dir, path), `#!/bin/sh\n${text}\n`);
    chmodSync(join(this.dir, path), 0o755);
  }

  /** Has ssh_config say nonsense of a host, so that only what is given beside it can be right. */
  misguide(host: string): void {
    const file = join(this.dir, 'ssh_config');
    const wrong = [`Host ${host}`, '  Port 1', '  User nobody-there', '  IdentityFile none'];
    writeFileSync(file, `${wrong.join('\n')}\n${readFileSync(file, 'utf8')}`);
  }

  home(host: string): string {
    return join(this.dir, `home-${host}`);
  }

  /** `isKnown`: its host key stands in known_hosts. `takesLogin`: it lets the key in. */
  async addNode(host: string, { isKnown = true, takesLogin = true } = {}): Promise<void> {
    mkdirSync(this.home(host));
    const publicKey = readFileSync(join(this.dir, 'host_key.pub'), 'utf8');
    const [type, key] = publicKey.split(' ');
    if (isKnown) this.#knownHosts.push(`[${host}]:${this.sshPort} ${type} ${key}`);
    writeFileSync(join(this.dir, 'known_hosts'), `${this.#knownHosts.join('\n')}\n`);
    const environment = {
      HOME: this.home(host),
      PATH: `${join(this.dir, 'there')}:/usr/local/bin:/usr/bin:/bin`,
      PYTHONPATH: PYTHON_MODULES,
      PYTHONDONTWRITEBYTECODE: '1',
      FAKE_FAULTS: this.#faultsOf(host),
      FAKE_LAUNCHER: LAUNCHER,
      LLM_ROUTER_NODE: process.execPath,
      // Lets the test runner see what a test leaves behind.
      ...marked(),
    };
    mkdirSync(this.#faultsOf(host));
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const config = [
      `ListenAddress ${host}:${this.sshPort}`,
      `HostKey ${join(this.dir, 'host_key')}`,
      `AuthorizedKeysFile ${takesLogin ? join(this.dir, 'login_key.pub') : 'none'}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      `SetEnv ${variables.join(' ')}`,
    ];
    const file = join(this.dir, `sshd-${host}.conf`);
    writeFileSync(file, `${config.join('\n')}\n`);
    // sshd of root demands its empty folder, which a service manager would make.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
    const server = spawn(which('sshd'), ['-D', '-e', '-f', file], { stdio: 'pipe' });
    let said = '';
    server.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    this.#servers.push(server);
    await untilListening(host, this.sshPort, () => said);
  }

  #faultsOf(host: string): string {
    return join(this.dir, 'faults', host);
  }

  /** What the engine on these GPUs of a node should do; see python/fake_engine.py. */
  order(host: string, gpus: readonly number[], what: string): void {
    writeFileSync(join(this.#faultsOf(host), `gpu-${gpus.join('-')}`), what);
  }

  /** Runs `llm-router deploy …` in the rig's folder. */
  async deploy(...words: string[]): Promise<Ran> {
    return (await this.spawn(...words)).ended;
  }

  /** The same while it runs. */
  async spawn(...words: string[]): Promise<{ child: ChildProcess; ended: Promise<Ran> }> {
    const path = `${join(this.dir, 'here')}:${process.env.PATH ?? ''}`;
    const env = { ...process.env, PATH: path, LLM_ROUTER_NODE: process.execPath };
    Reflect.deleteProperty(env, 'NODE_TEST_CONTEXT');
    const args = ['deploy', ...words];
    const child = spawn(LAUNCHER, args, { cwd: this.dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
      });
    }
    const ended = once(child, 'close').then(([code]) => ({
      code: (code as number) ?? -1,
      ...texts,
    }));
    return { child, ended };
  }

  /** Ends the servers; whoever started engines stops them before. */
  async close(): Promise<void> {
    for (const server of this.#servers) {
      if (server.exitCode !== null || server.signalCode !== null) continue;
      server.kill('SIGTERM');
      await once(server, 'close');
    }
    await rm(this.dir, { recursive: true, force: true });
  }
}

function marked(): { [name: string]: string } {
  const mark = process.env.LLM_ROUTER_TEST_RUN;
  return mark === undefined ? {} : { LLM_ROUTER_TEST_RUN: mark };
}

/** A zombie does not run: where nobody collects them they stay for ever. */
export function isRunning(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !/\) Z /.test(readFileSync(path, 'utf8'));
}

/**
 * The first of `count` ports that nobody listens on, below those that systems give to outgoing
 * connections: of these some are always taken where other tests run. Files that run at the same
 * time have nodes of other numbers, and so other ports: what is free for one stays free.
 */
export async function freePorts(host: string, count: number): Promise<number> {
  const block = 20_000 + 250 * Number(host.split('.')[3]);
  for (;;) {
    const first = block + Math.floor(Math.random() * 200);
    const all = Array.from({ length: count }, (_, index) => isFree(first + index));
    if ((await Promise.all(all)).every(Boolean)) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '0.0.0.0');
  const isGood = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ]).catch(() => false);
  server.close();
  return isGood;
}

async function untilListening(host: string, port: number, said: () => string): Promise<void> {
  const untilMs = performance.now() + START_MS;
  for (;;) {
    const socket = connect(port, host);
    const outcome = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (outcome) return;
    if (performance.now() > untilMs) throw new Error(`sshd does not listen on ${host}: ${said()}`);
    await sleep(20);
  }
}
