/**
 * What ssh says when it cannot reach a node → one clear sentence with what to do. Pure. ssh ends
 * with 255 for each of these and tells them apart only in words, so here text is matched.
 */

const FAULTS: readonly (readonly [pattern: RegExp, sentence: (host: string) => string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    (host) =>
      `the host key is not the one in known_hosts: if that is expected, ssh-keygen -R ${host}`,
  ],
  [
    /Host key verification failed|host key is known for/,
    (host) => `the host key is not known yet: run "ssh ${host}" once and compare the fingerprint`,
  ],
  [
    /Permission denied|Too many authentication failures/,
    (host) => `the login was refused: "ssh ${host}" must work without a password (key or agent)`,
  ],
  [/Could not resolve hostname/, () => 'there is no such host: is the name right?'],
  [/Connection refused/, () => 'nothing answers ssh there: does sshd run, on this port?'],
  [
    /timed out|No route to host|Network is unreachable|Host is down/i,
    () => 'the host cannot be reached: is it up, and is this network the right one?',
  ],
  [
    /Connection (closed|reset)|kex_exchange_identification|Broken pipe/,
    () => 'the connection broke off: sshd may be limiting logins, or the node went away',
  ],
  [/ENOENT/, () => 'the command ssh is not installed here'],
];

/** `stderr` is what ssh wrote, or the name of the error when it could not be started. */
export function sshFault(host: string, stderr: string): string {
  for (const [pattern, sentence] of FAULTS) {
    if (pattern.test(stderr)) return sentence(host);
  }
  const last = stderr.trim().split('\n').at(-1)?.trim() ?? '';
  return last === '' ? 'ssh failed without a word' : `ssh says: ${last}`;
}
