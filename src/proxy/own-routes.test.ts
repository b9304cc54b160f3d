import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { field, readAnswer } from '../../test/fakes/http-text.ts';
import { endpoint, FakePlane } from '../../test/fakes/plane.ts';
import { OPERATOR_DRAINING, PROBE_DOWN } from '../core/columns.ts';

const planes: FakePlane[] = [];

afterEach(() => {
  for (const plane of planes.splice(0)) plane.close();
});

function start(): FakePlane {
  const names = ['m', 'org/big model', '__proto__'];
  const plane = new FakePlane({
    endpoints: names.map((modelName, slot) => endpoint(slot, { modelName })),
  });
  planes.push(plane);
  return plane;
}

function get(plane: FakePlane, path: string, method = 'GET') {
  const text = plane.client(`${method} ${path} HTTP/1.1\r\nHost: r\r\n\r\n`).received;
  if (method === 'HEAD') return { status: Number(text.slice(9, 12)), head: text, body: '' };
  return readAnswer(text);
}

describe('the own routes', () => {
  it('list the models in the order of the configuration', () => {
    const { status, body } = get(start(), '/v1/models');
    assert.equal(status, 200);
    const { object, data } = JSON.parse(body);
    assert.equal(object, 'list');
    assert.deepEqual(
      data.map(({ id }: { id: string }) => id),
      ['m', 'org/big model', '__proto__'],
    );
    assert.equal(data[0].object, 'model');
    assert.equal(data[0].owned_by, 'llm-router');
    assert.ok(data[0].created > 1.7e9);
  });

  it('show one model, also under an encoded id', () => {
    const plane = start();
    for (const path of [
      '/v1/models/m',
      '/models/org/big%20model',
      '/v1/models/org%2Fbig%20model',
    ]) {
      assert.equal(get(plane, path).status, 200, path);
    }
    assert.equal(JSON.parse(get(plane, '/v1/models/__proto__').body).id, '__proto__');
    for (const path of ['/v1/models/other', '/v1/models/constructor', '/v1/models/%']) {
      const { status, body } = get(plane, path);
      assert.equal(status, 404, path);
      assert.equal(JSON.parse(body).error.code, 'model_not_found');
    }
  });

  it('say that the process lives', () => {
    assert.equal(get(start(), '/health').body, '{"status":"ok"}');
  });

  it('say that it is ready while one endpoint would get traffic', () => {
    const plane = start();
    plane.columns.control.probeState.fill(PROBE_DOWN);
    assert.equal(get(plane, '/ready').status, 503);
    plane.columns.control.probeState[2] = 1;
    assert.equal(get(plane, '/ready').status, 200);
    plane.columns.control.operatorState[2] = OPERATOR_DRAINING;
    assert.equal(get(plane, '/ready').status, 503);
  });

  it('answer HEAD with the head alone', () => {
    const plane = start();
    for (const path of ['/health', '/ready', '/v1/models', '/v1/models/m', '/nowhere']) {
      const { head, status } = get(plane, path, 'HEAD');
      assert.equal(status, path === '/nowhere' ? 404 : 200);
      assert.ok(head.endsWith('\r\n\r\n'), path);
    }
  });

  it('refuse other methods and say which they take', () => {
    const plane = start();
    const models = get(plane, '/v1/models', 'DELETE');
    assert.equal(models.status, 405);
    assert.equal(field({ ...models, complete: true }, 'allow'), 'GET, HEAD');
    const chat = get(plane, '/v1/chat/completions');
    assert.equal(chat.status, 405);
    assert.equal(field({ ...chat, complete: true }, 'allow'), 'POST');
  });
});
