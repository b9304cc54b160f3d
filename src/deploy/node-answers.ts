/** What the scripts of `node-script.ts` print → values. Lines that mean nothing are skipped. */
import type { FoundService, Gpu, NodeFacts, ServiceRecord } from './plan.ts';

/** More memory than this in use means that somebody works on a GPU; drivers take less. */
const IDLE_GPU_MIB = 1024;

/** Facts of a node that routers know as `address`; `undefined` when the answer is not whole. */
export function parseFacts(text: string, address: string): NodeFacts | undefined {
  const lines = text.split('\n');
  if (!lines.includes('@end')) return undefined;
  const of = (tag: string): string[] =>
    lines.filter((line) => line.startsWith(`@${tag} `)).map((line) => line.slice(tag.length + 2));
  const pythons = of('python').map((line): [string, string] => {
    const [name = '', ...path] = line.split(' ');
    return [name, path.join(' ').trim()];
  });
  const gpus = lines.includes('@no-gpus') ? undefined : parseGpus(of('gpu'), of('app'));
  return {
    address,
    ...(gpus === undefined ? {} : { gpus }),
    ports: new Set(of('tcp').flatMap(parsePort)),
    services: of('service').flatMap(parseService),
    pythons: new Map(pythons),
  };
}

/** `0, GPU-8f3…, 512` and `GPU-8f3…, 4711`. */
function parseGpus(gpus: readonly string[], apps: readonly string[]): Gpu[] {
  const users = new Map(apps.map((line) => line.split(', ') as [string, string]));
  return gpus.flatMap((line) => {
    const [index = '', uuid = '', used = ''] = line.split(', ');
    if (!/^\d+$/.test(index)) return [];
    const pid = users.get(uuid);
    const mebibytes = Number(used);
    if (pid !== undefined) return [{ id: Number(index), busy: `process ${pid} works on it` }];
    const isBusy = mebibytes > IDLE_GPU_MIB;
    return [{ id: Number(index), busy: isBusy ? `${mebibytes} MiB of it are in use` : '' }];
  });
}

/** A line of /proc/net/tcp: its second word is address:port in hexadecimal, the 4th the state. */
function parsePort(line: string): number[] {
  const words = line.trim().split(/\s+/);
  const port = Number.parseInt(words[1]?.split(':')[1] ?? '', 16);
  return words[3] === '0A' && Number.isInteger(port) ? [port] : [];
}

/** `alive PID SECONDS JSON`. Orphaned: its leader is dead, other processes of it are not. */
function parseService(line: string): FoundService[] {
  const match = /^(alive|dead|orphaned) (\d+) (\d+) (\{.*\})$/.exec(line);
  if (match === null) return [];
  const service = parseRecord(match[4]!);
  if (service === undefined) return [];
  const life = match[1] as FoundService['life'];
  return [{ service, life, pid: Number(match[2]), startedMs: Number(match[3]) * 1000 }];
}

function parseRecord(text: string): ServiceRecord | undefined {
  try {
    const record = JSON.parse(text) as ServiceRecord;
    const { argv, env } = record.command;
    const isWhole = Array.isArray(record.gpus) && Array.isArray(argv) && env instanceof Object;
    if (!isWhole || !/^[A-Za-z0-9.-]+$/.test(record.id)) return undefined;
    // Records of earlier versions say nothing of keys.
    return { ...record, apiKeyEnv: record.apiKeyEnv ?? '' };
  } catch {
    return undefined;
  }
}

/** What one look found of a service. */
export interface Look {
  readonly isAlive: boolean;
  /** Where the next look begins. */
  readonly offset: number;
  readonly log: string;
}

/** The answer of `lookScript`, by service. */
export function parseLooks(answer: Buffer): Map<string, Look> {
  const looks = new Map<string, Look>();
  for (let at = 0; at < answer.length; ) {
    const end = answer.indexOf(0x0a, at);
    const head = answer.toString('utf8', at, end === -1 ? answer.length : end);
    const match = /^@look (\S+) (alive|dead) (\d+) (\d+)$/.exec(head);
    if (end === -1) break;
    at = end + 1;
    if (match === null) continue;
    const log = answer.toString('utf8', at, at + Number(match[4]));
    looks.set(match[1]!, { isAlive: match[2] === 'alive', offset: Number(match[3]), log });
    at += Number(match[4]) + 1;
  }
  return looks;
}
