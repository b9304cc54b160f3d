/** From a case that failed to the smallest one that still does, in words to replay it. */
import type { Case } from './cases.ts';
import { bytesOf } from './request-oracle.ts';

/** Leaves away messages and cuts while `fails` says so. */
export async function shrink(failed: Case, fails: (one: Case) => Promise<boolean>): Promise<Case> {
  let least = failed;
  const tryOne = async (one: Case) => {
    if (await fails(one)) least = one;
  };
  for (const message of failed.messages) {
    const messages = least.messages.filter((other) => other !== message);
    if (messages.length > 0 && least.endsAt < 0) await tryOne({ ...least, messages });
  }
  if (least.cuts.length > 0) await tryOne({ ...least, cuts: [] });
  return least;
}

export function reproduction(one: Case, what: string): string {
  const hex = bytesOf(one).toString('hex');
  const lines = one.messages.map((message) => JSON.stringify(message.toString('latin1')));
  return [
    `seed ${one.seed}: ${what}`,
    ...lines.map((line) => `  message ${line.length > 3000 ? `${line.slice(0, 3000)}…` : line}`),
    `  cuts ${one.cuts.join(' ') || 'none'}, gap ${one.gapMs} ms, ends at ${one.endsAt}`,
    `  all bytes ${hex.length > 8000 ? `${hex.slice(0, 8000)}…` : hex}`,
  ].join('\n');
}
