/** Many addresses for one backend: all of 127.0.0.0/8 is this machine (RFC 6890). */
const PER_NET = 250;

/** 127.0.0.1 for one address; more begin in a range of their own. */
export function loopbackAddresses(count: number): string[] {
  if (count === 1) return ['127.0.0.1'];
  return Array.from(
    { length: count },
    (_, index) => `127.9.${Math.floor(index / PER_NET)}.${1 + (index % PER_NET)}`,
  );
}
