// HOT PATH
/**
 * What request and response heads have in common: where each field stands in the caller's buffer,
 * and what the framing fields said.
 *
 * Invariant: all offsets are absolute in the buffer the head was parsed from and die with its
 * bytes; entries from `fieldCount` on are rubbish of earlier messages. A head is made once per
 * connection and refilled by each parse. Source: RFC 9112 §6, §9.3. bench: bench/head-parse.ts
 */
import type { FieldTable } from './fields.ts';
import { MAX_FIELDS } from './limits.ts';

export abstract class MessageHead implements FieldTable {
  /** 0 or 1, of HTTP/1.x. */
  minor: number;
  /** Whether the sender will take another message on this connection. */
  keepAlive: boolean;
  /** -1 = no Content-Length. */
  contentLength: number;
  /** Transfer-Encoding: chunked. */
  chunked: boolean;
  /** A Content-Encoding other than identity. */
  contentEncoded: boolean;
  fieldCount: number;
  readonly nameStart: Int32Array;
  readonly nameEnd: Int32Array;
  readonly valueStart: Int32Array;
  readonly valueEnd: Int32Array;
  /** A FIELD_* of fields.ts; 0 = some other field. */
  readonly fieldId: Uint8Array;
  /** 1 = belongs to this connection only, must not be forwarded. */
  readonly hop: Uint8Array;
  /** Where the CRLF of the blank line starts: the end of the last field line. */
  fieldsEnd: number;
  /** How many Connection lines there are. */
  connectionLines: number;

  constructor() {
    // One block for all columns: six typed arrays of their own would be six allocations more.
    const column = MAX_FIELDS * Int32Array.BYTES_PER_ELEMENT;
    const block = new ArrayBuffer(4 * column + 2 * MAX_FIELDS);
    this.minor = 1;
    this.keepAlive = false;
    this.contentLength = -1;
    this.chunked = false;
    this.contentEncoded = false;
    this.fieldCount = 0;
    this.nameStart = new Int32Array(block, 0, MAX_FIELDS);
    this.nameEnd = new Int32Array(block, column, MAX_FIELDS);
    this.valueStart = new Int32Array(block, 2 * column, MAX_FIELDS);
    this.valueEnd = new Int32Array(block, 3 * column, MAX_FIELDS);
    this.fieldId = new Uint8Array(block, 4 * column, MAX_FIELDS);
    this.hop = new Uint8Array(block, 4 * column + MAX_FIELDS, MAX_FIELDS);
    this.fieldsEnd = 0;
    this.connectionLines = 0;
  }

  /** Takes in the field at `index`, whose id is at most LAST_INTERPRETED; 0 or a parse error. */
  abstract interpret(buf: Buffer, index: number): number;

  protected clearMessage(): void {
    this.minor = 1;
    this.keepAlive = false;
    this.contentLength = -1;
    this.chunked = false;
    this.contentEncoded = false;
    this.fieldCount = 0;
    this.fieldsEnd = 0;
    this.connectionLines = 0;
  }
}
