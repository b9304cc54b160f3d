/** Asking the server what it is before the load: is it there, and which model does it serve. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './plan.ts';

const ASK_MS = 10_000;
const AGAIN_MS = 500;

/** The server's models; an Error says in one sentence why there are none. */
export async function askModels(target: Target, readyMs: number): Promise<string[]> {
  const untilMs = performance.now() + readyMs;
  for (;;) {
    try {
      return await models(target);
    } catch (error) {
      if (performance.now() >= untilMs) throw error;
      await sleep(AGAIN_MS);
    }
  }
}

async function models(target: Target): Promise<string[]> {
  const path = target.path.replace(/\/(chat\/)?completions$/, '/models');
  const where = `${target.tls ? 'https' : 'http'}://${target.host}:${target.port}${path}`;
  const { status, text } = await get(target, path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${where} does not answer: ${error.code ?? error.message}.`);
  });
  if (status === 401 || status === 403) {
    throw new Error(`${where} says ${status}: give the key with -api-key or OPENAI_API_KEY.`);
  }
  if (status !== 200) throw new Error(`${where} says ${status}: name the model with -model.`);
  try {
    const { data } = JSON.parse(text) as { data: { id: string }[] };
    return data.map(({ id }) => id);
  } catch {
    throw new Error(`${where} is no list of models: name the model with -model.`);
  }
}

function get(target: Target, path: string): Promise<{ status: number; text: string }> {
  const { host, port, tls, insecure, headers } = target;
  const lines = headers.split('\r\n').filter((line) => line !== '' && !/^connection:/i.test(line));
  const fields = lines.map(
    (line) => /^([^:]+):\s*(.*)$/.exec(line)!.slice(1, 3) as [string, string],
  );
  const options = {
    host,
    port,
    path,
    headers: Object.fromEntries(fields),
    rejectUnauthorized: !insecure,
    signal: AbortSignal.timeout(ASK_MS),
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const onAnswer = (answer: IncomingMessage) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        text += piece;
      });
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.once('error', reject);
    };
    const asking = tls ? httpsRequest(options, onAnswer) : httpRequest(options, onAnswer);
    asking.once('error', reject);
    asking.end();
  });
}
