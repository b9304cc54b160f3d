/**
 * The last guard before anything is handed out to be shown to others: wherever a known secret
 * stands in a text, three stars stand afterwards. Nothing should put one there; this is for the
 * day when something does, for example an engine that quotes a key in its error.
 */

/** Shorter ones would blot out half the text, and guard nothing. */
const MIN_SECRET = 4;

/** `text` is JSON; it stays the same JSON but for the secrets. */
export function redacted(text: string, secrets: Iterable<string>): string {
  const written = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET) continue;
    written.add(secret);
    written.add(JSON.stringify(secret).slice(1, -1));
    written.add(encodeURIComponent(secret));
  }
  // The longest first: one secret may begin with another.
  const longestFirst = [...written].sort((a, b) => b.length - a.length);
  return longestFirst.reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}
