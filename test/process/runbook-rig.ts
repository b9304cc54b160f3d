/**
 * What the tests of docs/operations.md share: a router, an engine, a line of the log that the page
 * must explain, commands as users type them.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LAUNCHER } from '../fakes/built.ts';
import { Child, type LogLine } from '../fakes/child.ts';
import { jsonAnswer, startRawEngine } from '../fakes/raw-engine.ts';
import { type RouterSetup, type RunningRouter, startRouter } from '../fakes/router.ts';
import { until } from '../fakes/until.ts';

export const PAGE = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const JSON_TYPE = { 'content-type': 'application/json' };

export async function start(t: TestContext, setup: RouterSetup): Promise<RunningRouter> {
  const router = await startRouter({ waitUntilUp: false, ...setup });
  t.after(() => router.kill());
  return router;
}

export async function startEngine(t: TestContext, model: string) {
  const engine = await startRawEngine(({ send }) => send(jsonAnswer({ id: 'a' })), model);
  t.after(() => engine.close());
  return engine;
}

/** Waits for a line of the log; the page must explain it. */
export async function logged(router: RunningRouter, text: string): Promise<LogLine> {
  assert.ok(PAGE.includes(`\`${text}`), `docs/operations.md does not explain "${text}"`);
  let line: LogLine | undefined;
  await until(`the log says "${text}"`, () => {
    line = router.logs().find(({ msg }) => String(msg).startsWith(text));
    return line !== undefined;
  });
  return line!;
}

export async function ask(router: RunningRouter, method: string, path: string, body?: object) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const init = { method, headers: JSON_TYPE, ...sent };
  const response = await fetch(router.operationsUrl + path, init);
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

export function chat(router: RunningRouter, id: string): Promise<Response> {
  return fetch(`${router.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...JSON_TYPE, 'x-request-id': id },
    body: JSON.stringify({ model: 'm', messages: [] }),
  });
}

/** A command of the launcher, to its end. */
export async function run(
  t: TestContext,
  ...words: string[]
): Promise<{ code: number; output: string }> {
  const child = new Child(LAUNCHER, words);
  t.after(() => child.kill());
  return { code: await child.exited, output: child.output };
}

export async function editConfig(router: RunningRouter, change: object): Promise<void> {
  const file = join(router.dir, 'config.yaml');
  const config = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...config, ...change }));
}
