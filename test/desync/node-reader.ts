/** Node's own parser (llhttp, strict) over the bytes of one connection: the third opinion. */
import { createRequire } from 'node:module';

interface NodeParser {
  [callback: number]: unknown;
  initialize(type: number, resource: object, maxHeadBytes: number, lenient: number): void;
  execute(bytes: Buffer): number | Error;
  finish(): Error | undefined;
  close(): void;
}

interface NodeParserClass {
  new (): NodeParser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

// Not public, but the only way to llhttp without a socket; the types above are all that is used.
const { HTTPParser } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: NodeParserClass;
};

const MAX_HEAD = 64 * 1024;
/** Of `on_headers_complete`: the message has no body. */
const SKIP_BODY = 1;

export interface NodeMessage {
  /** 0 for requests. */
  readonly status: number;
  /** Name, value, name, value … as they came. */
  readonly fields: string[];
  readonly parts: Buffer[];
  complete: boolean;
}

export class NodeReader {
  readonly messages: NodeMessage[] = [];
  /** Code of what it refused, or ''. */
  refused = '';
  /** It handed the rest of the connection to another protocol. */
  stopped = false;
  readonly #parser = new HTTPParser();
  #fields: string[] = [];

  /** `bodiless`: whether the next answer has no body whatever its head says (HEAD). */
  constructor(kind: 'requests' | 'answers', bodiless: () => boolean = () => false) {
    const parser = this.#parser;
    const type = kind === 'requests' ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
    parser.initialize(type, {}, MAX_HEAD, 0);
    parser[HTTPParser.kOnHeaders] = (fields: string[]) => {
      this.#fields.push(...fields);
    };
    parser[HTTPParser.kOnHeadersComplete] = (...args: unknown[]) => {
      const [, , fields, , , status] = args as [
        number,
        number,
        string[]?,
        number?,
        string?,
        number?,
      ];
      const all = [...this.#fields, ...(fields ?? [])];
      this.#fields = [];
      this.messages.push({ status: status ?? 0, fields: all, parts: [], complete: false });
      return kind === 'answers' && (status ?? 0) >= 200 && bodiless() ? SKIP_BODY : 0;
    };
    parser[HTTPParser.kOnBody] = (piece: Buffer) => {
      this.messages.at(-1)!.parts.push(Buffer.from(piece));
    };
    parser[HTTPParser.kOnMessageComplete] = () => {
      this.messages.at(-1)!.complete = true;
    };
  }

  feed(bytes: Buffer): void {
    if (this.refused !== '' || this.stopped) return;
    const result = this.#parser.execute(bytes);
    if (result instanceof Error) this.refused = (result as NodeJS.ErrnoException).code ?? 'unnamed';
    else this.stopped = result < bytes.length;
  }

  /** The peer closed: ends a message that lasts until then. */
  end(): void {
    if (this.refused === '' && !this.stopped) this.#parser.finish();
  }

  whole(): NodeMessage[] {
    return this.messages.filter(({ complete }) => complete);
  }

  /** Frees what the parser holds outside of the heap. */
  close(): void {
    this.#parser.close();
  }
}

export function bodyOf(message: NodeMessage): Buffer {
  return Buffer.concat(message.parts);
}

/** The first value of a field of lower-case `name`, or ''. */
export function valueIn({ fields }: NodeMessage, name: string): string {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.toLowerCase() === name) return fields[i + 1]!;
  }
  return '';
}
