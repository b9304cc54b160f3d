/**
 * The layer below node:net, as far as a connection's bytes need it: what `net.Socket` itself calls.
 * It is undocumented, so it is looked for and never relied on: `STREAM_WRAP` is undefined where any
 * part of it is missing, and connections are then ordinary sockets
 * (docs/decisions/0017-tcp-handles.md).
 */

/** libuv's stream, in the shape of Node's `TCP`. Calls return 0 or a negative error number. */
export interface TcpHandle {
  /** Called with the handle as `this`; `StreamWrap.state` says how many bytes, or what error. */
  onread: (this: TcpHandle) => void;
  /** Bytes that the kernel has not taken yet. */
  readonly writeQueueSize: number;
  readStart(): number;
  readStop(): number;
  /** From here on reads go into this buffer. */
  useUserBuffer(buffer: Uint8Array): void;
  /** Writes what the kernel takes at once, and the rest later; `request` is used only then. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  /** Half-closes after what is queued; 1 = done already. */
  shutdown(request: ShutdownRequest): number;
  close(onClosed: (this: TcpHandle) => void): void;
  /** Closes with a reset; fails while a shutdown is under way. */
  reset(onClosed: (this: TcpHandle) => void): number;
  getpeername(out: { address?: string }): number;
}

export interface WriteRequest {
  oncomplete: (this: WriteRequest, status: number) => void;
}

export interface ShutdownRequest {
  oncomplete: (this: ShutdownRequest, status: number) => void;
}

interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => ShutdownRequest;
  readonly state: Int32Array;
  /** Indices into `state`. */
  readonly readBytesOrError: number;
  readonly lastWriteWasAsync: number;
}

const METHODS: readonly (keyof TcpHandle)[] = [
  'readStart',
  'readStop',
  'useUserBuffer',
  'writeBuffer',
  'shutdown',
  'close',
  'reset',
  'getpeername',
];

export const STREAM_WRAP: StreamWrap | undefined = findStreamWrap();

function findStreamWrap(): StreamWrap | undefined {
  try {
    // biome-ignore lint/suspicious/noExplicitAny: undocumented, and checked here
    const { stream_wrap, tcp_wrap } = bindings() as any;
    const found: StreamWrap = {
      WriteWrap: stream_wrap.WriteWrap,
      ShutdownWrap: stream_wrap.ShutdownWrap,
      state: stream_wrap.streamBaseState,
      readBytesOrError: stream_wrap.kReadBytesOrError,
      lastWriteWasAsync: stream_wrap.kLastWriteWasAsync,
    };
    const { prototype } = tcp_wrap.TCP;
    const complete =
      typeof found.WriteWrap === 'function' &&
      typeof found.ShutdownWrap === 'function' &&
      found.state instanceof Int32Array &&
      Number.isInteger(found.readBytesOrError) &&
      Number.isInteger(found.lastWriteWasAsync) &&
      'writeQueueSize' in prototype &&
      'onread' in prototype &&
      METHODS.every((name) => typeof prototype[name] === 'function');
    return complete ? found : undefined;
  } catch {
    return undefined;
  }
}

function bindings(): object {
  const { binding } = process as unknown as { binding: (name: string) => unknown };
  return { stream_wrap: binding('stream_wrap'), tcp_wrap: binding('tcp_wrap') };
}
