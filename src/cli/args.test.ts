import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArgs } from './args.ts';

const flagsOf = (...argv: string[]) => {
  const parsed = parseArgs(argv);
  assert.deepEqual(parsed.problems, []);
  return parsed.flags;
};
const problemsOf = (...argv: string[]) => parseArgs(argv).problems;

test('serves when no command is given', () => {
  assert.equal(parseArgs([]).verb, 'serve');
  assert.equal(parseArgs(['-config', 'a.yaml']).verb, 'serve');
  assert.equal(parseArgs(['serve', '-config', 'a.yaml']).verb, 'serve');
});

test('takes long flags with one dash or two, and with a space or an equals sign', () => {
  for (const argv of [
    ['-config', 'a.yaml'],
    ['--config', 'a.yaml'],
    ['-config=a.yaml'],
    ['--config=a.yaml'],
    ['serve', '--config=a.yaml'],
  ]) {
    assert.deepEqual(flagsOf(...argv), { config: 'a.yaml' });
  }
});

test("takes the reference's own command line", () => {
  const flags = flagsOf(
    ...['-config', 'c.yaml', '-log-level', 'debug', '-enabled-sources', 'self_deployed,openai'],
  );
  assert.deepEqual(flags, {
    config: 'c.yaml',
    'log-level': 'debug',
    'enabled-sources': 'self_deployed,openai',
  });
});

test('keeps equals signs and line breaks of a value', () => {
  assert.deepEqual(flagsOf('-config=a=b\nc'), { config: 'a=b\nc' });
});

test('lets the last of a repeated flag win', () => {
  assert.deepEqual(flagsOf('-config', 'a', '--config=b'), { config: 'b' });
});

test('counts an empty value as not given', () => {
  assert.deepEqual(flagsOf('-enabled-sources', '', '-log-level='), {});
});

test('recognises help and version in every spelling', () => {
  for (const word of ['-h', '-help', '--help']) assert.equal(parseArgs([word]).help, true);
  for (const word of ['-version', '--version']) assert.equal(parseArgs([word]).version, true);
  assert.equal(parseArgs(['-config', 'a']).help, false);
});

test('hands the flags of a tool over untouched', () => {
  const parsed = parseArgs(['sim', '--port', '9000', '--unknown-here']);
  assert.equal(parsed.verb, 'sim');
  assert.deepEqual(parsed.rest, ['--port', '9000', '--unknown-here']);
  assert.deepEqual(parsed.problems, []);
  assert.equal(parseArgs(['sim', '--help']).help, true);
});

test('suggests the flag that was meant', () => {
  assert.deepEqual(problemsOf('-confg', 'a.yaml'), [
    'There is no flag -confg: did you mean -config?',
  ]);
  assert.deepEqual(problemsOf('--log-levle=debug'), [
    'There is no flag -log-levle: did you mean -log-level?',
  ]);
  assert.deepEqual(problemsOf('-zzzzzz'), ['There is no flag -zzzzzz.']);
});

test('suggests the command that was meant', () => {
  assert.deepEqual(problemsOf('serv'), ['There is no command "serv": did you mean serve?']);
  assert.match(problemsOf('constructor')[0]!, /no command "constructor"/);
});

test('says that a flag lacks its value', () => {
  assert.deepEqual(problemsOf('-config'), ['-config needs a value: -config FILE.']);
  assert.deepEqual(problemsOf('-config', '-log-level', 'debug'), [
    '-config needs a value: -config FILE.',
  ]);
});

test('refuses a log level that does not exist', () => {
  assert.deepEqual(problemsOf('-log-level', 'debgg'), [
    '-log-level does not know "debgg": did you mean debug?',
  ]);
});

test('reports every problem at once', () => {
  assert.equal(problemsOf('-confg=a', 'stray', '-log-level', 'loud', '-config').length, 4);
});

test('says that the command comes first', () => {
  assert.deepEqual(problemsOf('-config', 'a', 'serve'), [
    'The command comes first: llm-router serve …',
  ]);
});

test('reads no flag behind a double dash', () => {
  assert.deepEqual(problemsOf('--', '-config').length, 1);
  assert.deepEqual(problemsOf('--'), []);
});

test('treats flags named like object members as unknown', () => {
  assert.match(problemsOf('-toString', 'x')[0]!, /no flag -toString/);
});

test('takes a command of two words', () => {
  const parsed = parseArgs(['config', 'print', '-origin', '-config', 'a.yaml']);
  assert.equal(parsed.verb, 'config print');
  assert.deepEqual(parsed.flags, { origin: 'true', config: 'a.yaml' });
  assert.deepEqual(problemsOf('config'), [
    'There is no command "config": did you mean config print?',
  ]);
});

test('a switch takes no value', () => {
  assert.deepEqual(flagsOf('check', '--online', '-json'), { online: 'true', json: 'true' });
  assert.deepEqual(problemsOf('check', '-json=no'), ['-json takes no value.']);
  assert.deepEqual(problemsOf('check', '-json', 'no').length, 1);
});

test('takes help and version as words, too', () => {
  assert.deepEqual(parseArgs(['help']), parseArgs(['--help']));
  assert.deepEqual(
    parseArgs(['help', 'config', 'print']),
    parseArgs(['config', 'print', '--help']),
  );
  assert.deepEqual(parseArgs(['version']), parseArgs(['--version']));
  assert.deepEqual(parseArgs(['help', 'nonsense']).problems, ['There is no command "nonsense".']);
});
