/**
 * `llm-router top`: the terminal dashboard of a running router. The entry of a bundle of its own,
 * so that nothing else loads what draws it.
 */
import { runTopApp, runTopPlain, type TopOptions } from '../faces/tui/app.ts';
import { EXIT_FAILURE, EXIT_OK } from './exit-codes.ts';
import { DEFAULT_URL, TOKEN_VARIABLE } from './operator-client.ts';

export async function runTop(flags: Readonly<Record<string, string>>): Promise<number> {
  const url = (flags.url ?? DEFAULT_URL).replace(/\/+$/, '');
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    process.stderr.write(`llm-router: ${url} is not an http:// or https:// address.\n`);
    return EXIT_FAILURE;
  }
  const token = process.env[TOKEN_VARIABLE] ?? '';
  const headers: Record<string, string> = {};
  if (token !== '') headers.authorization = `Bearer ${token}`;
  // https://no-color.org: set and not empty.
  const color = (process.env.NO_COLOR ?? '') === '';
  const options: TopOptions = { url, headers, color };
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  if (isTerminal) await runTopApp(options);
  else await runTopPlain(options);
  return EXIT_OK;
}
