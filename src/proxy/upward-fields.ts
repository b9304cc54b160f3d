/**
 * The header fields of one request as they go up, made once and copied by each attempt: the
 * end-to-end fields, and apart from them the client's own Authorization line, unless that is a key
 * of ours (client-keys).
 */
import type { Transport } from '../net/transport.ts';
import type { DataPlane } from './plane.ts';
import { writeClientAuthorization, writeRequestFields } from './request-fields.ts';

const NO_BYTES = Buffer.alloc(0);

export class UpwardFields {
  /** Name of the key the client showed; '' = none was asked for. */
  readonly keyName: string;
  readonly keyPlace: number;
  readonly endToEnd: Buffer;
  /** For endpoints without a key; empty when the client sent none. */
  readonly authorization: Buffer;

  /** The request's head is in `plane.requestHead`, its bytes in `chunk`. */
  constructor(plane: DataPlane, from: Transport, chunk: Buffer, requestId: string) {
    this.keyName = plane.visitor.name;
    this.keyPlace = plane.visitor.place;
    const out = plane.fieldsOut;
    out.reset();
    writeRequestFields(out, chunk, plane.requestHead, {
      requestId,
      peer: from.peerAddress(),
      tls: plane.options.tlsCert !== '',
    });
    const length = out.length;
    if (!plane.visitor.ownsAuthorization) {
      writeClientAuthorization(out, chunk, plane.requestHead);
    }
    const kept = Buffer.from(out.buf.subarray(0, out.length));
    this.endToEnd = kept.subarray(0, length);
    this.authorization = out.length === length ? NO_BYTES : kept.subarray(length);
  }

  /** The end-to-end fields less those with these names (lower case), for their own endpoints. */
  without(names: readonly string[]): Buffer {
    const lines = this.endToEnd.toString('latin1').split('\r\n');
    const kept = lines.filter((line) => !names.includes(line.split(':', 1)[0]!.toLowerCase()));
    return Buffer.from(kept.join('\r\n'), 'latin1');
  }
}
