/**
 * The address of a robot is a password: who knows it can write to the group. These are the only
 * forms in which it may be shown. Pure.
 */

/** `https://host/***`. */
export function maskedAddress(url: string): string {
  return `${new URL(url).origin}/***`;
}

/** `text` without anything that the address holds beyond its host: robots quote it at times. */
export function withoutKey(text: string, url: string): string {
  const { pathname, search, username, password, hash } = new URL(url);
  const parts = [search, hash].flatMap((part) => part.split(/[?#&=]/));
  const secrets = [pathname + search, ...pathname.split('/'), ...parts, username, password]
    .flatMap((part) => [part, decoded(part)])
    .filter((part) => part.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length);
  let masked = text;
  for (const secret of secrets) masked = masked.replaceAll(secret, '***');
  return masked;
}

/** Shorter parts are words such as `send` and `key`. */
const SHORTEST_SECRET = 8;

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
