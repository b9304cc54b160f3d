/** The end of an exchange in the router's own words. Cold path. */
import { ERRORS, type ErrorCode } from '../core/errors.ts';
import type { ExchangeView } from './exchange-view.ts';
import { errorAnswer, refusalFields, serializeAnswer } from './reject.ts';

/** Writes the error `code` to the client, in its dialect, and counts what it was sent. */
export function sendOwnError(exchange: ExchangeView, code: ErrorCode, detail: string): void {
  const { client, model, plane, tries } = exchange;
  const fields = refusalFields(
    ERRORS[code].status,
    plane.admission.comeBackSeconds(model),
    tries > 0,
  );
  const tried = plane.options.explainHeaders ? `x-llm-router-attempts: ${tries}\r\n` : '';
  const to = { minor: client.minor, keepAlive: client.keepAlive, withBody: true };
  const answer = errorAnswer(code, exchange.route.dialect, detail, fields + tried);
  client.transport.write(serializeAnswer(answer, to, exchange.fields.requestId()));
  exchange.bytesDown = answer.body.length;
}
