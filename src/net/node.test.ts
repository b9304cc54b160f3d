import { testTransport } from '../../test/conformance/transport-suite.ts';
import { listen } from './listener.ts';
import { NodeConnector } from './node.ts';

testTransport('node:net', { connector: () => new NodeConnector(), listen });
