/** The transport suite for Bun's sockets. Bun runs it (`bun test`), started by bun.test.ts. */
import { BunConnector, listenWithBun } from '../../src/net/bun.ts';
import { testTransport } from './transport-suite.ts';

testTransport('Bun', { connector: () => new BunConnector(), listen: listenWithBun });
