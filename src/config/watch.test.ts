/** The watcher sees every way a file changes, waits for it to settle, and survives the disk. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type WatchFs, type WatchOptions, watchConfig } from './watch.ts';

/** Runs the watcher's polls by hand. */
class Steps {
  elapsedMs = 0;
  #planned: { run: () => void; afterMs: number } | undefined;
  #onPlan: () => void = () => {};

  readonly schedule = (run: () => void, afterMs: number): (() => void) => {
    this.#planned = { run, afterMs };
    this.#onPlan();
    return () => {
      this.#planned = undefined;
    };
  };

  get idle(): boolean {
    return this.#planned === undefined;
  }

  async next(): Promise<void> {
    const { run, afterMs } = this.#planned!;
    this.elapsedMs += afterMs;
    const planned = new Promise<void>((resolve) => {
      this.#onPlan = resolve;
    });
    run();
    await planned;
  }
}

async function start(t: TestContext, options: Pick<WatchOptions, 'dir' | 'files' | 'fs'>) {
  const steps = new Steps();
  const seen = { changes: 0 };
  const watcher = watchConfig({
    ...options,
    schedule: steps.schedule,
    onChange: () => {
      seen.changes++;
    },
  });
  t.after(() => watcher.close());
  await watcher.ready;
  return { steps, seen, watcher };
}

/** Polls until a change is reported; says how long that took. */
async function untilReported(watch: Awaited<ReturnType<typeof start>>): Promise<number> {
  const { steps, seen } = watch;
  const [startMs, before] = [steps.elapsedMs, seen.changes];
  while (seen.changes === before) {
    assert.ok(steps.elapsedMs - startMs < 10_000, 'not noticed');
    await steps.next();
  }
  return steps.elapsedMs - startMs;
}

const CHANGES: readonly (readonly [name: string, change: (dir: string) => void])[] = [
  ['a created file', (dir) => writeFileSync(join(dir, 'configs/b.yaml'), 'new')],
  ['a changed file', (dir) => writeFileSync(join(dir, 'configs/a.yaml'), 'longer text')],
  ['an emptied file', (dir) => writeFileSync(join(dir, 'configs/a.yaml'), '')],
  ['a deleted file', (dir) => rmSync(join(dir, 'configs/a.yaml'))],
  ['a changed main file', (dir) => writeFileSync(join(dir, 'config.yaml'), 'other: text')],
  ['a deleted folder', (dir) => rmSync(join(dir, 'configs'), { recursive: true })],
  [
    'a file replaced by one of equal size and time',
    (dir) => {
      writeFileSync(join(dir, 'tmp'), 'bb');
      utimesSync(join(dir, 'tmp'), 1000, 1000);
      renameSync(join(dir, 'tmp'), join(dir, 'configs/a.yaml'));
    },
  ],
];

for (const [name, change] of CHANGES) {
  test(`notices ${name} within 2 s, once`, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'llm-router-watch-'));
    t.after(() => rmSync(dir, { recursive: true }));
    mkdirSync(join(dir, 'configs'));
    writeFileSync(join(dir, 'config.yaml'), 'main');
    writeFileSync(join(dir, 'configs/a.yaml'), 'aa');
    utimesSync(join(dir, 'configs/a.yaml'), 1000, 1000);
    const watch = await start(t, {
      dir: join(dir, 'configs'),
      files: [join(dir, 'config.yaml')],
    });
    await watch.steps.next();
    assert.equal(watch.seen.changes, 0);
    change(dir);
    assert.ok((await untilReported(watch)) <= 2000);
    for (let poll = 0; poll < 4; poll++) await watch.steps.next();
    assert.equal(watch.seen.changes, 1);
  });
}

test('notices a Kubernetes swap of ..data, with equal sizes and times', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'llm-router-watch-'));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const [version, text] of [
    ['..1', 'aa'],
    ['..2', 'bb'],
  ] as const) {
    mkdirSync(join(dir, version));
    writeFileSync(join(dir, version, 'openai_a.yaml'), text);
    writeFileSync(join(dir, version, 'config.yaml'), text);
    utimesSync(join(dir, version, 'openai_a.yaml'), 1000, 1000);
  }
  symlinkSync('..1', join(dir, '..data'));
  symlinkSync('..data/openai_a.yaml', join(dir, 'openai_a.yaml'));
  symlinkSync('..data/config.yaml', join(dir, 'config.yaml'));
  const watch = await start(t, { dir, files: [join(dir, 'config.yaml')] });
  symlinkSync('..2', join(dir, '..data_tmp'));
  renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
  rmSync(join(dir, '..1'), { recursive: true });
  assert.ok((await untilReported(watch)) <= 2000);
});

test('waits for a folder that does not exist yet', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'llm-router-watch-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const watch = await start(t, { dir: join(dir, 'later'), files: [join(dir, 'config.yaml')] });
  await watch.steps.next();
  assert.equal(watch.seen.changes, 0);
  mkdirSync(join(dir, 'later'));
  writeFileSync(join(dir, 'later/openai_a.yaml'), 'x');
  assert.ok((await untilReported(watch)) <= 2000);
});

/** A disk of which only the signature of the main file matters. */
class FakeDisk implements WatchFs {
  signature = 'one';
  onSign: () => void = () => {};

  async list(): Promise<readonly string[]> {
    return ['openai_a.yaml', 'notes.txt'];
  }

  async sign(path: string): Promise<string> {
    assert.ok(!path.endsWith('notes.txt'));
    this.onSign();
    return this.signature;
  }
}

test('waits until a file that is being written stands still', async (t) => {
  const fs = new FakeDisk();
  const watch = await start(t, { dir: 'd', files: ['m'], fs });
  for (const signature of ['two', 'three', 'four']) {
    fs.signature = signature;
    await watch.steps.next();
    assert.equal(watch.seen.changes, 0);
  }
  assert.equal(await untilReported(watch), 200);
});

test('reports a file that never stands still all the same, within 2 s', async (t) => {
  const fs = new FakeDisk();
  let writes = 0;
  fs.onSign = () => {
    fs.signature = `write ${++writes}`;
  };
  const watch = await start(t, { dir: 'd', files: ['m'], fs });
  assert.ok((await untilReported(watch)) <= 2000);
});

test('a change that is taken back is no change', async (t) => {
  const fs = new FakeDisk();
  const watch = await start(t, { dir: 'd', files: ['m'], fs });
  fs.signature = 'two';
  await watch.steps.next();
  fs.signature = 'one';
  for (let poll = 0; poll < 4; poll++) await watch.steps.next();
  assert.equal(watch.seen.changes, 0);
});

test('a closed watcher plans nothing more and reports nothing', async (t) => {
  const fs = new FakeDisk();
  const watch = await start(t, { dir: 'd', files: ['m'], fs });
  fs.signature = 'two';
  await watch.steps.next();
  watch.watcher.close();
  assert.equal(watch.steps.idle, true);
  assert.equal(watch.seen.changes, 0);
});
