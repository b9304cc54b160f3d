/**
 * The header fields of one request as they go up, made once and copied by each attempt: the
 * end-to-end fields, and apart from them the client's own Authorization line, unless that is a key
 * of ours (client-keys).
 */
import type { HeadWriter } from '../http1/head-writer.ts';
import type { Transport } from '../net/transport.ts';
import type { DataPlane } from './plane.ts';
import { givenRequestId, writeClientAuthorization, writeRequestFields } from './request-fields.ts';

const ID_NAME = Buffer.from('X-Request-Id: ');

export class UpwardFields {
  /** Name of the key the client showed; '' = none was asked for. */
  readonly keyName: string;
  readonly keyPlace: number;
  /** The end-to-end fields, and behind them the client's own Authorization line, if any. */
  readonly #bytes: Buffer;
  readonly #endToEndBytes: number;

  /** Where the request's id is in the fields. */
  readonly #idAt: number;
  readonly #idEnd: number;

  /** The request's head is in `plane.requestHead`, its bytes in `chunk`. */
  constructor(plane: DataPlane, from: Transport, chunk: Buffer) {
    this.keyName = plane.visitor.name;
    this.keyPlace = plane.visitor.place;
    const out = plane.fieldsOut;
    out.reset();
    writeRequestFields(out, chunk, plane.requestHead, {
      peer: from.peerAddress(),
      tls: plane.options.tlsCert !== '',
    });
    out.bytes(ID_NAME);
    this.#idAt = out.length;
    writeId(out, plane, chunk);
    this.#idEnd = out.length;
    out.crlf();
    this.#endToEndBytes = out.length;
    if (!plane.visitor.ownsAuthorization) {
      writeClientAuthorization(out, chunk, plane.requestHead);
    }
    // One Buffer, no views: each of them would cost as much as the copy.
    this.#bytes = Buffer.allocUnsafe(out.length);
    out.buf.copy(this.#bytes, 0, 0, out.length);
  }

  /** The id that both sides are told, and every record. */
  requestId(): string {
    return this.#bytes.toString('latin1', this.#idAt, this.#idEnd);
  }

  writeId(out: HeadWriter): void {
    out.span(this.#bytes, this.#idAt, this.#idEnd);
  }

  /** The Authorization line, for endpoints without a key; nothing when the client sent none. */
  writeAuthorization(out: HeadWriter): void {
    out.span(this.#bytes, this.#endToEndBytes, this.#bytes.length);
  }

  /** The end-to-end fields less those with these names (lower case), which the endpoint has. */
  writeEndToEnd(out: HeadWriter, without: readonly string[]): void {
    if (without.length === 0) {
      out.span(this.#bytes, 0, this.#endToEndBytes);
      return;
    }
    const lines = this.#bytes.toString('latin1', 0, this.#endToEndBytes).split('\r\n');
    const kept = lines.filter((line) => !without.includes(line.split(':', 1)[0]!.toLowerCase()));
    out.bytes(Buffer.from(kept.join('\r\n'), 'latin1'));
  }
}

/** The client's own id, or a new one. */
function writeId(out: HeadWriter, plane: DataPlane, chunk: Buffer): void {
  const given = givenRequestId(chunk, plane.requestHead);
  if (given !== '') {
    out.ascii(given);
    return;
  }
  plane.ids.next();
  out.bytes(plane.ids.bytes);
}
