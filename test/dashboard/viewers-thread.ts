/**
 * Viewers of the live events in a thread of their own, so that reading them delays nothing that
 * their test measures. workerData: the port of the operations listener, how many read, how many
 * never do. It says 'open' when all are connected and all readers hear something, and, each time
 * it is asked, how many events each reader has had. Whoever started it ends it.
 */
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

interface Viewers {
  readonly port: number;
  readonly reading: number;
  readonly hung: number;
}

const { port, reading, hung } = workerData as Viewers;
const heard = new Array<number>(reading).fill(0);

await Promise.all(
  Array.from({ length: reading + hung }, async (_, index): Promise<void> => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    if (index < reading) {
      socket.on('data', (bytes) => {
        heard[index]! += bytes.toString('latin1').split('event: ').length - 1;
      });
    }
    await new Promise((done) => socket.once('connect', done));
    socket.write(`GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    if (index >= reading) socket.pause();
    else await new Promise((done) => socket.once('data', done));
  }),
);
// Its sockets keep the thread alive: what a thread says as it ends may be lost.
parentPort!.on('message', () => parentPort!.postMessage(heard));
parentPort!.postMessage('open');
