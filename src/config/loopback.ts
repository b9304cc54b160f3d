/** Which addresses only this machine can reach. */
import { isIPv4 } from 'node:net';

/** True for `localhost`, 127.0.0.0/8 and ::1; an IPv6 address stands without brackets. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}
