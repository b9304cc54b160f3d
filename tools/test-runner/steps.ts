/**
 * The checks that are not test files: each is a command that counts as one check.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename } from 'node:path';

export interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly output: string;
  readonly tookMs: number;
}

/** Every generator `tools/*-doc.ts` has a `--check` that fails when its page is out of date. */
export function steps(): Step[] {
  const docs = globSync('tools/*-doc.ts').sort();
  return [
    { name: 'typecheck', command: ['tsc', '--noEmit'] },
    { name: 'typecheck-page', command: ['tsc', '--noEmit', '-p', 'src/faces/dashboard'] },
    { name: 'lint', command: ['biome', 'check', '--diagnostic-level=error', '.'] },
    { name: 'tidy', command: ['node', 'tools/tidy.ts'] },
    ...docs.map((path) => ({
      name: basename(path, '.ts'),
      command: ['node', path, '--check'],
    })),
    { name: 'build', command: ['node', 'tools/build.ts'] },
  ];
}

export async function runStep({ name, command }: Step, timeoutMs: number): Promise<StepResult> {
  const startMs = performance.now();
  const [program, ...args] = command;
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += text;
    });
  }
  const timer = setTimeout(() => {
    output += `\nended after ${timeoutMs} ms`;
    child.kill('SIGKILL');
  }, timeoutMs);
  const ok = await new Promise<boolean>((resolve) => {
    child.on('close', (code) => resolve(code === 0));
    child.on('error', (error) => {
      output += error.message;
      resolve(false);
    });
  });
  clearTimeout(timer);
  return { name, ok, output: output.trim(), tookMs: performance.now() - startMs };
}
