/**
 * `llm-router webhook test`: sends one test message to the receiver of the configuration and says
 * what came back. Exit codes: 0 delivered, 1 not delivered, 3 no valid configuration or no address
 * in it. The address itself is never printed.
 */
import { hostname } from 'node:os';
import { loadAll } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { harmless } from '../faces/harmless.ts';
import { sendTest } from '../faces/webhook/alerts.ts';
import { maskedAddress } from '../faces/webhook/masked.ts';
import { EXIT_CONFIG, EXIT_FAILURE, EXIT_OK } from './exit-codes.ts';
import { configFile, loadOptions } from './load-options.ts';

export async function runWebhookTest(flags: Readonly<Record<string, string>>): Promise<number> {
  const file = configFile(flags);
  const { config, problems } = await loadAll(file, loadOptions(flags));
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (config === undefined) {
    for (const problem of errors) process.stderr.write(`${formatProblem(problem)}\n`);
    process.stderr.write(`llm-router: ${file} is not valid; nothing was sent.\n`);
    return EXIT_CONFIG;
  }
  const { enabled, type, url } = config.webhook;
  if (url === '') {
    process.stderr.write(`llm-router: ${file} has no webhook.url; nothing was sent.\n`);
    return EXIT_CONFIG;
  }
  const { kind, reason } = await sendTest(type, url, hostname());
  const what = `the test message to ${maskedAddress(url)} (${type})`;
  if (kind !== 'delivered') {
    process.stderr.write(`llm-router: ${what} was not delivered: ${harmless(reason)}.\n`);
    return EXIT_FAILURE;
  }
  process.stdout.write(`Delivered ${what}.\n`);
  if (!enabled) process.stdout.write('Note: webhook.enabled is false, so no alert is sent.\n');
  return EXIT_OK;
}
