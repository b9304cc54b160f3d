/**
 * One generating request: the tokens the scheduler produces become events (or one body) of its
 * response, the client's leaving becomes a cancelled sequence, and a death knob breaks it off.
 * Invariant: after its visit is settled it writes nothing more.
 */
import type { ServerResponse } from 'node:http';
import type { Answer, Format } from './api/format.ts';
import type { Death } from './faults.ts';
import type { Ledger, Visit } from './ledger.ts';
import { breakOff, sendFramed, sendHalf } from './reply.ts';
import type { Batch, SequenceSink } from './scheduler.ts';
import { Sequence } from './scheduler.ts';
import type { Voice } from './text.ts';

export interface GenerationParts {
  readonly response: ServerResponse;
  readonly visit: Visit;
  readonly format: Format;
  readonly answer: Answer;
  readonly stream: boolean;
  /** Tokens of one event; the first has one of its own. */
  readonly streamInterval: number;
  readonly death: Death;
  readonly bodyFraming: string;
}

export class Generation implements SequenceSink {
  readonly sequence: Sequence;
  readonly #parts: GenerationParts;
  readonly #ledger: Ledger;
  #events = 0;
  /** Tokens that stand in events already. */
  #told = 0;

  constructor(parts: GenerationParts, scheduler: Batch, ledger: Ledger) {
    this.#parts = parts;
    this.#ledger = ledger;
    const { promptTokens, cachedTokens, tokens } = parts.answer.parts;
    // The choices of one request share the batch slot and the clock, not the words.
    const counts = { prompt: promptTokens, cached: cachedTokens, output: tokens };
    this.sequence = new Sequence(counts, this);
    ledger.cacheQueries += promptTokens;
    ledger.cacheHits += cachedTokens;
    parts.response.once('close', () => scheduler.cancel(this.sequence));
  }

  /** Starts to answer: a stream's head goes out before its first token, as with uvicorn. */
  begin(): void {
    if (!this.#parts.stream) return;
    const { response, death } = this.#parts;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
    });
    response.flushHeaders();
    if (death.afterEvents === 0 && !death.midEvent) this.#die();
  }

  onTokens(from: number, count: number): void {
    const { answer, format, stream } = this.#parts;
    const choices = answer.parts.voices.length;
    if (from === 0) this.#ledger.promptTokens += answer.parts.promptTokens;
    this.#ledger.generationTokens += count * choices;
    if (!stream) return;
    if (from === 0) this.#sendAll(format.opening(answer));
    for (let end = this.#eventEnd(); end <= from + count && end > this.#told; ) {
      for (let choice = 0; choice < choices; choice++) {
        if (this.#parts.visit.settled) return;
        const json = jsonOf(answer.parts.voices[choice]!, this.#told, end);
        this.#send(format.delta(answer, choice, json));
      }
      this.#told = end;
      end = this.#eventEnd();
    }
  }

  /** How many tokens stand in events when the next one is sent. */
  #eventEnd(): number {
    if (this.#told === 0) return 1;
    const { answer, streamInterval } = this.#parts;
    return Math.min(answer.parts.tokens, this.#told + streamInterval);
  }

  onFinish(): void {
    if (this.#parts.visit.settled) return;
    const { answer, format, response, stream, death, bodyFraming } = this.#parts;
    if (answer.parts.cut) this.#ledger.finishedLength++;
    else this.#ledger.finishedStop++;
    if (stream) {
      this.#sendAll(format.closing(answer));
      if (!this.#parts.visit.settled) response.end();
      return;
    }
    const body = format.whole(answer);
    if (death.afterEvents === Number.POSITIVE_INFINITY) {
      sendFramed(response, bodyFraming, body);
      return;
    }
    sendHalf(response, bodyFraming, body);
    this.#die();
  }

  #sendAll(events: readonly string[]): void {
    for (const event of events) {
      if (this.#parts.visit.settled) return;
      this.#send(event);
    }
  }

  #send(event: string): void {
    const { response, death } = this.#parts;
    if (this.#events === death.afterEvents && death.midEvent) {
      response.write(event.slice(0, event.length >> 1));
      this.#die();
      return;
    }
    response.write(event);
    this.#events++;
    if (this.#events === death.afterEvents && !death.midEvent) this.#die();
  }

  /** Breaks the answer off; the response's `close` then takes its sequence out of the batch. */
  #die(): void {
    this.#parts.visit.settle('failed');
    breakOff(this.#parts.response, this.#parts.death.by);
  }
}

/** Tokens from … to - 1 as one JSON string. */
function jsonOf(voice: Voice, from: number, to: number): string {
  if (to === from + 1) return voice.json(from);
  let json = '"';
  for (let index = from; index < to; index++) json += voice.json(index).slice(1, -1);
  return `${json}"`;
}
