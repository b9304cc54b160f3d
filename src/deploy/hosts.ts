/**
 * `10.0.0.11,10.0.0.12:8000,gpu-3` → hosts for ssh. Port suffixes go, as lists in NODE_IP_LIST
 * often carry them; a user stays. Pure.
 */

/** Letters that a host name, an address or a name of ssh_config has; never a leading dash. */
const HOST = /^([\w.-]+@)?(?!-)[\w.:%-]+$/;

export interface HostList {
  /** Each once, in the order given. */
  readonly hosts: readonly string[];
  /** Those that cannot be hosts. */
  readonly wrong: readonly string[];
}

export function readHosts(list: string): HostList {
  const words = list.split(/[\s,]+/).filter((word) => word !== '');
  const hosts = new Set<string>();
  const wrong: string[] = [];
  for (const word of words) {
    const host = withoutPort(word);
    if (HOST.test(host)) hosts.add(host);
    else wrong.push(word);
  }
  return { hosts: [...hosts], wrong };
}

/** An IPv6 address has many colons and keeps them, unless it stands in brackets. */
function withoutPort(word: string): string {
  const bracketed = /^\[([^\]]+)\](:\d+)?$/.exec(word);
  if (bracketed !== null) return bracketed[1]!;
  return /^[^:]+:\d+$/.test(word) ? word.replace(/:\d+$/, '') : word;
}
