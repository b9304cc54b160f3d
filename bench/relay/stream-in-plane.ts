/** One open event stream inside a data plane of this process, between transports that count. */

import { proxyOptions } from '../../src/cli/proxy-options.ts';
import { DEFAULTS } from '../../src/config/schema.ts';
import { KeyPlaces } from '../../src/control/key-places.ts';
import { FakeClock } from '../../src/core/clock.ts';
import { fixtureColumns } from '../../src/core/columns-fixture.ts';
import type { EndpointSpec } from '../../src/core/endpoint.ts';
import { createPrefixMemory } from '../../src/core/prefix-table.ts';
import { Xorshift } from '../../src/core/random.ts';
import { NodeConnector } from '../../src/net/node.ts';
import type { Transport, TransportHandler } from '../../src/net/transport.ts';
import { Downstreams } from '../../src/proxy/downstreams.ts';
import { DataPlane } from '../../src/proxy/plane.ts';
import { createFleetState } from '../../src/state/layout.ts';
import { TOTALS } from '../../src/state/totals.ts';

export interface StreamInPlane {
  /** Takes the bytes of the engine. */
  readonly upstream: TransportHandler;
  readonly client: CountingTransport;
}

const NOTHING = new Uint8Array(0);

/** Takes every byte at once, as an idle socket does. */
class CountingTransport implements Transport {
  readonly lendsChunks: boolean = true;
  writes = 0;
  /** Kept, as a socket keeps it: what never leaves the caller V8 need not allocate at all. */
  last: Uint8Array = NOTHING;

  write(bytes: Uint8Array): boolean {
    this.writes++;
    this.last = bytes;
    return true;
  }

  pause(): void {}
  resume(): void {}
  end(): void {}
  close(): void {}
  destroy(): void {}
  reset(): void {}

  bytesQueued(): number {
    return 0;
  }

  peerAddress(): string {
    return '127.0.0.1';
  }
}

class CountingConnector extends NodeConnector {
  handler: TransportHandler | null = null;

  override connect(
    _host: string,
    _port: number,
    _tls: boolean,
    handler: TransportHandler,
  ): Transport {
    this.handler = handler;
    return new CountingTransport();
  }
}

const ENDPOINT: EndpointSpec = {
  id: 'bench@http://127.0.0.1:1/v1',
  slot: 0,
  modelName: 'bench',
  upstreamModel: 'bench',
  apiBase: 'http://127.0.0.1:1/v1',
  tls: false,
  host: '127.0.0.1',
  port: 1,
  basePath: '/v1',
  apiKey: 'bench-engine-key',
  weight: 1,
  rpmLimit: 0,
  sourceType: 'self_deployed',
};

/** Sends `request` through a new data plane and answers it with `answerHead`. */
export function openStream(request: Buffer, answerHead: Buffer): StreamInPlane {
  const connector = new CountingConnector();
  const keyPlaces = new KeyPlaces();
  const circumstances = { port: 0, workers: 1, tlsCert: '', tlsKey: '', keyPlaces };
  const plane = new DataPlane(
    {
      options: proxyOptions(DEFAULTS, circumstances),
      columns: fixtureColumns(1, 1),
      totals: new Float64Array(TOTALS),
      meters: createFleetState(1, 1).meters[0]!,
      workerIndex: 0,
      clock: new FakeClock(1_000_000),
      random: new Xorshift(1),
      prefixMemory: createPrefixMemory(64 * 1024, 1),
      connector,
      report: () => {},
    },
    {
      epoch: 1,
      strategy: 'simple-shuffle',
      clusters: [{ name: 'bench', endpoints: [ENDPOINT] }],
    },
  );
  const client = new CountingTransport();
  new Downstreams(plane).accept(client).onBytes(request, 0, request.length);
  const upstream = connector.handler;
  if (upstream === null) throw new Error('the request was not sent on');
  upstream.onConnect();
  upstream.onBytes(answerHead, 0, answerHead.length);
  return { upstream, client };
}
