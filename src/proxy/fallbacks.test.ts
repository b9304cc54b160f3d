import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { answer, post, readAnswer } from '../../test/fakes/http-text.ts';
import { endpoint, FakePlane, type FakePlaneParts } from '../../test/fakes/plane.ts';
import { CLOSE_REFUSED } from '../net/transport.ts';
import { GAUGE_QUEUED } from '../state/totals.ts';

const planes: FakePlane[] = [];
const OK = answer(200, '{"ok":1}');
const FIRST = endpoint(0, { modelName: 'big' });
const SECOND = endpoint(1, { modelName: 'small' });
const THIRD = endpoint(2, { modelName: 'tiny' });
const NAMES = [{ name: 'big', model: 'big', fallbacks: ['small', 'tiny'], listed: true }];

afterEach(() => {
  for (const plane of planes.splice(0)) plane.close();
});

function start(parts: FakePlaneParts = {}): FakePlane {
  const plane = new FakePlane({
    ...{ endpoints: [FIRST, SECOND, THIRD], names: NAMES, options: { numRetries: 0 } },
    ...parts,
  });
  planes.push(plane);
  return plane;
}

const ASKED = post({ body: '{"model":"big"}' });

describe('a request whose model cannot answer', () => {
  it('goes to the next model of the list with the name that one knows', () => {
    const plane = start();
    const client = plane.client(ASKED);
    plane.upstream.break(CLOSE_REFUSED);
    plane.net.settle();
    assert.equal(plane.slotOf(plane.upstream), 1);
    plane.connect();
    assert.match(plane.upstream.received, /\{"model":"small"\}$/);
    plane.upstream.deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
    plane.assertQuiet();
  });

  it('goes on when the endpoint answers with an error, and gets the last one in the end', () => {
    const plane = start();
    const client = plane.client(ASKED);
    for (const status of [500, 502, 503]) {
      assert.equal(client.received, '');
      plane.connect().deliver(answer(status, `{"from":${status}}`));
    }
    const got = readAnswer(client.received);
    assert.equal(got.status, 503);
    assert.equal(got.body, '{"from":503}');
    assert.equal(plane.net.upstream.length, 3);
    plane.assertQuiet();
  });

  it('does not go on when the request itself was wrong, or the endpoint forbids it', () => {
    const plane = start();
    const wrong = plane.client(ASKED);
    plane.connect().deliver(answer(400, '{}'));
    assert.equal(readAnswer(wrong.received).status, 400);
    const final = plane.client(ASKED);
    plane.connect(plane.upstream).deliver(answer(500, '{}', 'x-should-retry: false\r\n'));
    assert.equal(readAnswer(final.received).status, 500);
    assert.ok(plane.net.upstream.every((one) => plane.slotOf(one) === 0));
    plane.assertQuiet();
  });

  it('does not wait for it while another model has a place', () => {
    const limited = { ...FIRST, rpmLimit: 1 };
    const plane = start({ endpoints: [limited, SECOND, THIRD] });
    plane.client(ASKED);
    plane.columns.control.probeState[1] = 0;
    const client = plane.client(ASKED);
    assert.equal(plane.slotOf(plane.upstream), 2, 'the second model has no place either');
    assert.equal(plane.total(GAUGE_QUEUED), 0);
    plane.connect().deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
  });

  it('waits for it while no other model has a place, and then asks those', () => {
    const plane = start({ options: { numRetries: 0, unavailableWaitMs: 1_000 } });
    plane.columns.control.probeState.fill(0);
    const client = plane.client(ASKED);
    assert.equal(plane.total(GAUGE_QUEUED), 1);
    plane.advance(1_040);
    assert.equal(client.received, '', 'now it waits for the second one');
    plane.columns.control.probeState.fill(1);
    plane.advance(40);
    assert.equal(plane.slotOf(plane.upstream), 1);
    plane.connect().deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
    plane.assertQuiet();
  });

  it('gets each model once, with all its retries', () => {
    const plane = start({ options: { numRetries: 1, baseDelayMs: 100 } });
    const client = plane.client(ASKED);
    for (let attempt = 0; attempt < 4; attempt++) {
      plane.upstream.break(CLOSE_REFUSED);
      plane.net.settle();
      plane.advance(140);
    }
    assert.deepEqual(
      plane.net.upstream.map((one) => plane.slotOf(one)),
      [0, 1, 2, 2],
      'it leaves a model that only a pause could help, but for the last one',
    );
    assert.equal(readAnswer(client.received).status, 503);
    plane.assertQuiet();
  });
});

describe('a model name', () => {
  it('may be an alias: the body gets the name that the endpoint knows', () => {
    const names = [{ name: 'gpt-4', model: 'm', fallbacks: [], listed: true }];
    const plane = start({ endpoints: [endpoint(0)], names });
    const client = plane.client(post({ body: '{"model":"gpt-4"}' }));
    plane.connect();
    assert.match(plane.upstream.received, /\{"model":"m"\}$/);
    plane.upstream.deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
  });

  it('may be covered by a pattern, whose stars go into the name that the endpoint knows', () => {
    const covered = endpoint(0, { modelName: 'team/*', upstreamModel: '*' });
    const plane = start({ endpoints: [covered], names: [] });
    plane.client(post({ body: '{"model":"team/qwen \\"3\\""}' }));
    plane.connect();
    assert.match(plane.upstream.received, /\{"model":"qwen \\"3\\""\}$/);
    const other = plane.client(post({ body: '{"model":"other/qwen"}' }));
    const got = readAnswer(other.received);
    assert.equal(got.status, 404);
    assert.match(got.body, /other\/qwen/);
  });
});
