import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimOptions } from './flags.ts';
import { defaultOptions, FLAGS, parseFlags } from './flags.ts';

function read(...argv: string[]): SimOptions {
  const parsed = parseFlags(argv);
  if (!('options' in parsed)) assert.fail(JSON.stringify(parsed));
  return parsed.options;
}

test('an empty command line gives the defaults', () => {
  assert.deepEqual(read(), defaultOptions());
});

test('takes one dash or two, and values behind = or a blank', () => {
  const options = read('-model', 'm', '--port=0', '-max-num-seqs=7', '--hang', '-refuse=true');
  assert.deepEqual(
    [options.model, options.port, options.maxNumSeqs, options.hang, options.refuse],
    ['m', 0, 7, true, true],
  );
  assert.equal(read('--hang', '--hang=false').hang, false);
});

test('durations are milliseconds unless a unit says otherwise', () => {
  assert.equal(read('--time-to-first-token', '20').timeToFirstTokenMs, 20);
  assert.equal(read('--time-to-first-token', '1.5s').timeToFirstTokenMs, 1500);
  assert.equal(read('--inter-token-latency', '250us').interTokenLatencyMs, 0.25);
  assert.equal(read('--keep-alive-timeout', '3').keepAliveTimeoutMs, 3000);
  assert.equal(read('--keep-alive-timeout', '100ms').keepAliveTimeoutMs, 100);
});

test('lists are split at commas and blanks and add up', () => {
  const options = read('--served-model-name', 'a b', '--served-model-name', 'c,d');
  assert.deepEqual(options.servedModelName, ['a', 'b', 'c', 'd']);
});

test('says what is wrong with a command line', () => {
  const cases: readonly [string[], RegExp][] = [
    [['--nope'], /nope/],
    [['--port', 'x'], /"port" does not take "x"/],
    [['--port', '65536'], /port/],
    [['--port', '1.5'], /port/],
    [['--max-num-seqs', '0'], /max-num-seqs/],
    [['--max-num-seqs', '5ms'], /max-num-seqs/],
    [['--engine', 'other'], /engine/],
    [['--failure-types', 'reset,nope'], /failure-types/],
    [['--failure-injection-rate', '101'], /failure-injection-rate/],
    [['stray'], /stray/],
  ];
  for (const [argv, problem] of cases) {
    const parsed = parseFlags(argv);
    assert.match('problem' in parsed ? parsed.problem : '', problem, argv.join(' '));
  }
});

test('help names every flag once', () => {
  for (const spelling of ['--help', '-help', '-h']) {
    const parsed = parseFlags([spelling]);
    const help = 'help' in parsed ? parsed.help : '';
    for (const { flag, doc } of Object.values(FLAGS)) {
      assert.equal(help.split(`  --${flag} `).length, 2, flag);
      assert.ok(help.includes(doc), flag);
    }
  }
});
