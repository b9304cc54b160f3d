/** What the kernel says about a process (proc(5)): its memory, its CPU time, its sockets. */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';

const MIB = 1024 * 1024;
/** The unit of times in /proc on Linux. */
const TICK_MS = 10;

export function rssMiB(pid: number): number {
  return statusKib(pid, 'VmRSS') / 1024;
}

/** The highest RSS since `forgetPeak`. */
export function peakMiB(pid: number): number {
  return statusKib(pid, 'VmHWM') / 1024;
}

export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** User and system time of all its threads. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Open descriptors. */
export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Names of its open sockets; a socket that is opened later has another name. */
export function socketsOf(pid: number): Set<string> {
  const names = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  return new Set(names.filter((name) => name.startsWith('socket:')));
}

/** Sockets that listen on the port; workers that share it have one each. */
export function listenersOn(port: number): number {
  return count(`0100007F:${hex(port)} 00000000:0000 0A `);
}

/** Memory of all TCP sockets of this machine. */
export function tcpMemoryMiB(): number {
  const pages = /^TCP: .* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'latin1'))?.[1];
  return (Number(pages ?? 0) * 4096) / MIB;
}

function statusKib(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)![1]);
}

function count(part: string): number {
  return readFileSync('/proc/net/tcp', 'latin1').split(part).length - 1;
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

// It may be closed between the listing and the look.
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
