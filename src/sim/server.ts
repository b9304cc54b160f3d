/**
 * The HTTP face of the simulated engine: which path is answered by whom, and which fault comes
 * first. Everything outside `/sim` hangs or is reset while those knobs are set.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ControlReply } from './control-routes.ts';
import { arrivalsReply, changeFaults, faultsReply, restoreFaults } from './control-routes.ts';
import { drawFailure } from './faults.ts';
import type { SimOptions } from './flags.ts';
import type { Arrival } from './ledger.ts';
import { metricsPage } from './metrics-page.ts';
import type { Machine } from './model-calls.ts';
import { isModelRoute, serveModel } from './model-calls.ts';
import { breakOff, prepare, sendError, sendJson, sendText } from './reply.ts';

export interface Face {
  readonly machine: Machine;
  readonly initial: SimOptions;
  readonly startedSeconds: number;
  /** Stamps and logs the arrival of a request. */
  arrival(): Arrival;
  /** Brings listener and timeouts in line with the knobs. */
  applyOptions(): void;
  stats(): unknown;
}

export function handle(face: Face, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?', 1)[0]!;
  if (path.startsWith('/sim/')) {
    handleControl(face, request, response);
    return;
  }
  const { options, ledger, random } = face.machine;
  if (options.hang) {
    request.resume();
    return;
  }
  if (options.reset) {
    request.socket.resetAndDestroy();
    return;
  }
  prepare(response, options);
  const route = path.startsWith('/v1/') ? path.slice(3) : path;
  if (request.method !== 'POST' || !isModelRoute(route)) {
    request.resume();
    inform(face, { request, response, path });
    return;
  }
  const visit = ledger.arrive(face.arrival());
  response.once('close', () => visit.settle(response.writableFinished ? 'completed' : 'cancelled'));
  if (!authorized(options, request)) {
    visit.settle('failed');
    request.resume();
    sendError(response, 401, ['authentication_error', 'Unauthorized']);
    return;
  }
  const failure = drawFailure(options, random);
  if (failure.kind === 'none' || failure.kind === 'status') {
    serveModel(face.machine, { request, response, visit, route }, failure);
    return;
  }
  request.resume();
  if (failure.kind === 'hang') return;
  visit.settle('failed');
  request.once('end', () => breakOff(response, failure.kind));
}

/** `/sim/*`; also all that the control port serves. */
export function handleControl(
  face: Face,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    const body = Buffer.concat(chunks).toString('utf8');
    const reply = controlReply(face, `${request.method} ${request.url}`, body);
    response.setHeader('connection', 'close');
    sendJson(response, reply.status, reply.value);
    // After the answer, since `refuse` closes connections.
    if (request.method === 'POST') response.once('finish', () => face.applyOptions());
  });
}

function controlReply(face: Face, target: string, body: string): ControlReply {
  const { options, ledger } = face.machine;
  switch (target) {
    case 'GET /sim/stats':
      return { status: 200, value: face.stats() };
    case 'GET /sim/arrivals':
      return arrivalsReply(ledger);
    case 'GET /sim/faults':
      return faultsReply(options);
    case 'POST /sim/faults':
      return changeFaults(options, body);
    case 'POST /sim/reset':
      return restoreFaults(options, face.initial);
    default:
      return { status: 404, value: { error: `no such route: ${target}` } };
  }
}

interface Question {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}

/** Health, version, models and metrics. */
function inform(face: Face, question: Question): void {
  const { response, path } = question;
  if (path === '/health' || path === '/ping') sendText(response, 200, ['text/plain', '']);
  else if (path === '/version') sendJson(response, 200, { version: '0.0.0-sim' });
  else if (path === '/metrics' && !face.machine.options.disableMetrics) sendMetrics(face, response);
  else if (path === '/v1/models' || path.startsWith('/v1/models/')) sendModels(face, question);
  else sendError(response, 404, ['NotFoundError', 'Not Found']);
}

function sendModels(face: Face, { request, response, path }: Question): void {
  const { options, models } = face.machine;
  if (!authorized(options, request)) {
    sendError(response, 401, ['authentication_error', 'Unauthorized']);
    return;
  }
  const cards = models.map((id) => modelCard(id, face));
  if (path === '/v1/models') {
    sendJson(response, 200, { object: 'list', data: cards });
    return;
  }
  const asked = path.slice('/v1/models/'.length);
  const at = models.findIndex((id) => id === asked || encodeURIComponent(id) === asked);
  const card = cards[at];
  if (card !== undefined) sendJson(response, 200, card);
  else sendError(response, 404, ['NotFoundError', 'The model does not exist.']);
}

function modelCard(id: string, face: Face): unknown {
  const { options } = face.machine;
  return {
    id,
    object: 'model',
    created: face.startedSeconds,
    owned_by: options.engine,
    root: options.model,
    parent: null,
    max_model_len: options.maxModelLen,
  };
}

function sendMetrics(face: Face, response: ServerResponse): void {
  const { options, scheduler, ledger, models } = face.machine;
  const { engine, dataParallelSize } = options;
  const load = {
    running: scheduler.running(),
    waiting: scheduler.waiting(),
    kvUsage: scheduler.kvUsage(),
  };
  const page = metricsPage({ engine, dataParallelSize, model: models[0]! }, load, ledger);
  sendText(response, 200, ['text/plain; version=0.0.4; charset=utf-8', page]);
}

function authorized(options: SimOptions, request: IncomingMessage): boolean {
  if (options.apiKey === '') return true;
  const { authorization } = request.headers;
  return (
    authorization === `Bearer ${options.apiKey}` || request.headers['x-api-key'] === options.apiKey
  );
}
