/** The entry of the process: reads the command line and runs one command. */

import { parseArgs } from './cli/args.ts';
import { runBench } from './cli/bench.ts';
import { runBenchCompare } from './cli/bench-compare.ts';
import { runCheck } from './cli/check.ts';
import { runConfigPrint } from './cli/config-print.ts';
import { runDemo } from './cli/demo.ts';
import { runDeploy } from './cli/deploy.ts';
import { EXIT_FAILURE, EXIT_OK, EXIT_USAGE } from './cli/exit-codes.ts';
import { runOperate } from './cli/operate.ts';
import { serve } from './cli/serve.ts';
import { runSim } from './cli/sim.ts';
import { runSimulate } from './cli/simulate.ts';
import { problemText, usageText, verbUsageText } from './cli/usage.ts';
import { VERSION } from './cli/version.ts';
import { runWebhookTest } from './cli/webhook.ts';

async function main(argv: readonly string[]): Promise<number> {
  const { verb, help, version, flags, rest, problems } = parseArgs(argv);
  if (problems.length > 0) {
    process.stderr.write(problemText(verb, problems));
    return EXIT_USAGE;
  }
  if (version) {
    process.stdout.write(`llm-router ${VERSION}\n`);
    return EXIT_OK;
  }
  if (verb === 'sim') return runSim([...rest]);
  if (verb === 'bench compare') return runBenchCompare(rest);
  if (verb === 'bench') return runBench(rest, benchWorkerUrl());
  if (verb === 'deploy') return runDeploy(rest);
  if (verb === 'demo') return runDemo(rest, workerUrl());
  if (help) {
    process.stdout.write(verb === 'serve' ? usageText() : verbUsageText(verb));
    return EXIT_OK;
  }
  if (verb === 'check') return runCheck(flags);
  if (verb === 'config print') return runConfigPrint(flags);
  if (verb === 'simulate') return runSimulate(flags);
  if (verb === 'top') return (await topBundle()).runTop(flags);
  if (verb === 'webhook test') return runWebhookTest(flags);
  if (verb !== 'serve') return runOperate(verb, flags);
  return serve(flags, workerUrl());
}

/** The worker's entry lies beside the bundle, or in its folder when running from source. */
function workerUrl(): URL {
  const fromSource = import.meta.url.endsWith('.ts');
  return new URL(fromSource ? './proxy/worker.ts' : './worker.js', import.meta.url);
}

function benchWorkerUrl(): URL {
  const fromSource = import.meta.url.endsWith('.ts');
  return new URL(fromSource ? './bench/worker.ts' : './bench-worker.js', import.meta.url);
}

/**
 * Its bundle is loaded only when it is asked for. What paints for it decides while it loads, and
 * takes any shell with CI set for a log that cannot show colours.
 */
function topBundle(): Promise<typeof import('./cli/top.ts')> {
  const { env } = process;
  if (env.CI !== undefined && env.TERM !== 'dumb') env.FORCE_COLOR ??= '1';
  const fromSource = import.meta.url.endsWith('.ts');
  return import(new URL(fromSource ? './cli/top.ts' : './top.js', import.meta.url).href);
}

/** A file or a socket that cannot be had is no fault of the program: a line, and no stack. */
function systemFailure(error: unknown): number {
  if (!(error instanceof Error) || !('syscall' in error)) throw error;
  process.stderr.write(`llm-router: ${error.message}\n`);
  return EXIT_FAILURE;
}

process.exitCode = await main(process.argv.slice(2)).catch(systemFailure);
