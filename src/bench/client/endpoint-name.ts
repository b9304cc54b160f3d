/**
 * Which endpoint answered, by the router's response header, as one string for each endpoint.
 */
import { equalsWord } from '../../http1/bytes.ts';
import type { MessageHead } from '../../http1/message-head.ts';

const NAME = Buffer.from('x-llm-router-endpoint');

/** '' when there is no such field. */
export function endpointOf(buf: Buffer, head: MessageHead): string {
  for (let i = 0; i < head.fieldCount; i++) {
    const start = head.nameStart[i]!;
    if (head.nameEnd[i]! - start !== NAME.length) continue;
    if (!equalsWord(buf, start, start + NAME.length, NAME)) continue;
    return buf.toString('latin1', head.valueStart[i]!, head.valueEnd[i]!);
  }
  return '';
}
