/** `llm-router sim`: a simulated engine of its own process. Exit codes: 0, 1 failure, 2 usage. */
import type { Sim } from '../sim/engine.ts';
import { startSim } from '../sim/engine.ts';
import { parseFlags } from '../sim/flags.ts';

export async function runSim(argv: string[]): Promise<number> {
  const parsed = parseFlags(argv);
  if ('help' in parsed) {
    process.stdout.write(parsed.help);
    return 0;
  }
  if ('problem' in parsed) {
    process.stderr.write(`sim: ${parsed.problem} (see --help)\n`);
    return 2;
  }
  let sim: Sim;
  try {
    sim = await startSim(parsed.options);
  } catch (error) {
    process.stderr.write(`sim: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  const control = sim.controlUrl === '' ? '' : ` (control on ${sim.controlUrl})`;
  const { servedModelName, model } = parsed.options;
  const name = servedModelName[0] ?? model;
  process.stdout.write(`sim: ${name} listening on ${sim.url}${control}\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
  await sim.close();
  return 0;
}
