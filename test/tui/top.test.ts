/**
 * `llm-router top` in a real terminal (tmux): what it shows, what keys do, that it survives a
 * resize, and that the terminal is as it was however it ends. Skips where there is no tmux.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import { LAUNCHER } from '../fakes/built.ts';
import { startRawEngine } from '../fakes/raw-engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { untilPasses } from '../fakes/until.ts';
import { good } from '../scenarios/fault-rig.ts';

/** A look at the screen is a process of its own. */
const LOOK_MS = 50;
const skip = spawnSync('tmux', ['-V']).status !== 0 && 'tmux is not installed';

/** What the shell of these tests may have set. */
const UNSET = '-u CI -u CONTINUOUS_INTEGRATION -u NO_COLOR -u FORCE_COLOR';

/** A server of its own for each window: one that ends takes its time. */
let server = 0;
function tmux(...words: string[]): string {
  return execFileSync('tmux', ['-L', `llm-router-${process.pid}-${server}`, ...words], {
    encoding: 'utf8',
  });
}

/** A shell in a window of this size, which says when the dashboard has ended. */
function open(router: RunningRouter, columns: number, rows: number, environment = ''): void {
  const top = `env ${UNSET} ${environment} ${LAUNCHER} top -url ${router.operationsUrl}`;
  const command = `printf before; ${top}; echo "ended $?"; cat`;
  server++;
  tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), command);
}

function screen(...flags: string[]): string {
  return tmux('capture-pane', '-p', ...flags);
}

async function shows(what: RegExp, ...flags: string[]): Promise<string> {
  let seen = '';
  await untilPasses(() => {
    seen = screen(...flags);
    assert.match(seen, what);
  }, LOOK_MS);
  return seen;
}

async function assertCursorBack(): Promise<void> {
  const flags = () => tmux('display-message', '-p', '#{cursor_flag}#{alternate_on}').trim();
  await untilPasses(() => assert.equal(flags(), '10'), LOOK_MS);
}

suite('the terminal dashboard', { skip }, () => {
  let engine: Awaited<ReturnType<typeof startRawEngine>>;
  let router: RunningRouter;

  before(async () => {
    engine = await startRawEngine(async (stage) => good(stage), 'qwen');
    router = await startRouter({
      endpoints: [
        { url: engine.url, model: 'qwen' },
        { url: 'http://127.0.0.1:9', model: 'qwen' },
      ],
      waitUntilUp: false,
      config: { health_check: { interval: 0.3, failure_threshold: 1 } },
    });
  });

  after(async () => {
    for (; server > 0; server--) {
      spawnSync('tmux', ['-L', `llm-router-${process.pid}-${server}`, 'kill-server']);
    }
    await router?.stop();
    await engine?.close();
  });

  test('finds a sick engine with its cause, and drains it, with two keys', async () => {
    const openedMs = performance.now();
    open(router, 100, 24);
    // Before any key: which, and why.
    await shows(/✗ down +qwen@127\.0\.0\.1:9 /);
    await shows(/✗ .*connection refused/);
    tmux('send-keys', 'd');
    await shows(/Drain qwen@http:\/\/127\.0\.0\.1:9\/v1\? \(y\/n\)/);
    tmux('send-keys', 'y');
    await shows(/○ draining +qwen@127\.0\.0\.1:9 /);
    assert.ok(performance.now() - openedMs < 60_000);
    // As it was, by the same keys.
    tmux('send-keys', 'e');
    await shows(/Enable qwen@.*\? \(y\/n\)/);
    tmux('send-keys', 'y');
    await shows(/✗ down +qwen@127\.0\.0\.1:9 /);
    tmux('send-keys', 'q');
  });

  test('shows the sick endpoint and why, and drains one by keys alone', async () => {
    open(router, 100, 24);
    await shows(/✗ down +qwen@127\.0\.0\.1:9 /);
    await shows(/1\/2 endpoints/);
    await shows(/q quit/);
    await shows(/✗ .*connection refused/);
    tmux('send-keys', 'j', 'd');
    await shows(/Drain qwen@http.*\? \(y\/n\)/);
    tmux('send-keys', 'y');
    await shows(/○ draining +qwen@127/);
    await router.until('none is left', ({ backends }) => !backends.some(({ healthy }) => healthy));
  });

  test('follows the size of its window', async () => {
    tmux('resize-window', '-x', '200', '-y', '40');
    await shows(/REASON/);
    tmux('resize-window', '-x', '60', '-y', '15');
    await untilPasses(() => {
      const seen = screen();
      assert.match(seen, /ENDPOINT(?!.*REASON)/);
      assert.equal(seen.trimEnd().split('\n').length, 15);
    }, LOOK_MS);
  });

  test('gives the terminal back when it is quit', async () => {
    tmux('send-keys', 'q');
    const seen = await shows(/ended 0/);
    assert.match(seen, /^before/);
    assert.doesNotMatch(seen, /ENDPOINT/);
    await assertCursorBack();
  });

  test('gives the terminal back when it is interrupted or terminated', async () => {
    for (const end of ['C-c', 'TERM']) {
      open(router, 80, 24);
      await shows(/ENDPOINT/);
      if (end === 'C-c') tmux('send-keys', 'C-c');
      else {
        const shell = tmux('display-message', '-p', '#{pane_pid}').trim();
        const child = execFileSync('pgrep', ['-P', shell], { encoding: 'utf8' }).trim();
        process.kill(Number(child), 'SIGTERM');
      }
      const seen = await shows(/ended \d/);
      assert.doesNotMatch(seen, /ENDPOINT/, end);
      await assertCursorBack();
    }
  });

  test('draws, in colours, in a shell that says it is continuous integration', async () => {
    open(router, 80, 24, 'CI=true CONTINUOUS_INTEGRATION=true');
    await shows(/\u001b\[3[1-3]m/, '-e');
  });

  test('uses colours, unless NO_COLOR says otherwise', async () => {
    open(router, 100, 24);
    await shows(/\u001b\[3[1-3]m/, '-e');
    open(router, 100, 24, 'NO_COLOR=1');
    const seen = await shows(/ENDPOINT/, '-e');
    assert.doesNotMatch(seen, /\u001b\[(3[0-7]|9[0-7])m/);
  });
});
