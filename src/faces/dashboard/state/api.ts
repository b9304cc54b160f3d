/** Requests to the router's own listener. A refusal is an ApiError with the router's sentence. */
import { Cell } from './cell.ts';

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A sentence of the listener's, or what a reload found in the files. */
interface Refusal {
  readonly error?: { readonly message?: string };
  readonly problems?: readonly string[];
}

/** The router wants its token before it shows anything. */
export const signInNeeded = new Cell(false);

/** Rejects with an ApiError; status 0 = there was no answer. */
export async function ask<T>(path: string, method = 'GET', body?: object): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      ...(method === 'GET' ? {} : { headers: { 'Content-Type': 'application/json' } }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, 'The router does not answer.');
  }
  const text = await response.text();
  if (response.status === 401) signInNeeded.set(true);
  if (response.ok) return parsed(text) as T;
  const answer = parsed(text) as Refusal | undefined;
  const message = answer?.error?.message ?? answer?.problems?.join(' · ');
  throw new ApiError(response.status, message ?? `${response.status} ${response.statusText}`);
}

export function endpointPath(id: string, action = ''): string {
  return `/admin/endpoints/${encodeURIComponent(id)}${action === '' ? '' : `/${action}`}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
