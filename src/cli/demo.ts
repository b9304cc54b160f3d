/**
 * `llm-router demo`: three simulated engines of different speed and a router before them, in one
 * process and on free ports, with a trickle of requests and a request to try; it opens the
 * dashboard where there is a browser. Ends with Ctrl-C and leaves nothing behind.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sim, startSim } from '../sim/engine.ts';
import type { SimOptions } from '../sim/flags.ts';
import { DemoTraffic } from './demo-traffic.ts';
import { EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { openPage } from './open-page.ts';
import { serve } from './serve.ts';

const MODEL = 'demo-model';
const API_PORT = 8000;
const OPERATIONS_PORT = 8080;
/** Milliseconds to the first token and between tokens, of the three engines. */
const ENGINES = [
  { engine: 'vllm', timeToFirstTokenMs: 80, interTokenLatencyMs: 20 },
  { engine: 'vllm', timeToFirstTokenMs: 120, interTokenLatencyMs: 30 },
  { engine: 'sglang', timeToFirstTokenMs: 200, interTokenLatencyMs: 40 },
] as const satisfies readonly Partial<SimOptions>[];

export async function runDemo(words: readonly string[], workerUrl: URL): Promise<number> {
  if (words.length > 0) {
    const help = words.some((word) => /^--?h(elp)?$/.test(word));
    (help ? process.stdout : process.stderr).write(
      'llm-router demo takes no flags: it starts three simulated engines and a router.\n',
    );
    return help ? EXIT_OK : EXIT_USAGE;
  }
  const dir = await mkdtemp(join(tmpdir(), 'llm-router-demo-'));
  const sims: Sim[] = [];
  const traffic = new DemoTraffic(MODEL);
  try {
    for (const speed of ENGINES) sims.push(await startSim({ ...speed, model: MODEL }));
    const config = await writeConfig(dir, sims);
    return await serve({ config }, workerUrl, (port, dashboardUrl) => {
      process.stdout.write(invitation(port, dashboardUrl));
      traffic.start(`http://127.0.0.1:${port}`);
      openPage(dashboardUrl);
    });
  } finally {
    traffic.stop();
    for (const sim of sims) await sim.close();
    await rm(dir, { recursive: true, force: true });
  }
}

async function writeConfig(dir: string, sims: readonly Sim[]): Promise<string> {
  const deployments = sims.map(
    ({ url }) =>
      `  - model_name: ${MODEL}\n    litellm_params:\n` +
      `      model: openai/${MODEL}\n      api_base: ${url}/v1\n`,
  );
  await mkdir(join(dir, 'configs'));
  await writeFile(
    join(dir, 'configs', 'self_deployed_demo.yaml'),
    `model_list:\n${deployments.join('')}`,
  );
  const file = join(dir, 'config.yaml');
  await writeFile(
    file,
    `server:\n  host: 127.0.0.1\n  port: ${await preferred(API_PORT)}\n` +
      `routing:\n  strategy: least-waiting\n` +
      `dashboard:\n  web_port: ${await preferred(OPERATIONS_PORT)}\n` +
      `log:\n  dir: ''\n`,
  );
  return file;
}

/** The port if nobody has it, else 0 for any free one: the demo takes nothing from anybody. */
async function preferred(port: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return 0;
  }
  server.close();
  await once(server, 'close');
  return port;
}

function invitation(port: number, dashboardUrl: string): string {
  const body = `{"model":"${MODEL}","stream":true,"messages":[{"role":"user","content":"Hi"}]}`;
  return [
    '',
    `Three simulated engines serve "${MODEL}" behind http://127.0.0.1:${port}/v1. Try:`,
    '',
    `  curl -N http://127.0.0.1:${port}/v1/chat/completions \\`,
    "    -H 'Content-Type: application/json' \\",
    `    -d '${body}'`,
    '',
    ...(dashboardUrl === '' ? [] : [`Watch it in the dashboard: ${dashboardUrl}`, '']),
    'A trickle of requests runs, so that there is something to see. Ctrl-C ends the demo.',
    '',
    '',
  ].join('\n');
}
