/** A `fetch` for SDKs that keeps the bytes of each request and answer body beside. */

export interface Spied {
  readonly url: string;
  readonly requestBody: string;
  readonly response: Response;
  /** The whole answer body as it came. */
  readonly answerBody: Promise<Buffer>;
}

export interface SpyFetch {
  readonly fetch: typeof fetch;
  readonly calls: Spied[];
}

export function spyFetch(): SpyFetch {
  const calls: Spied[] = [];
  const spying: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const copy = response.clone();
    const answerBody = copy.arrayBuffer().then((bytes) => Buffer.from(bytes));
    // Looked at later or never: a broken stream is the SDK's to complain about.
    answerBody.catch(() => {});
    const requestBody = typeof init?.body === 'string' ? init.body : '';
    calls.push({ url: String(input), requestBody, response, answerBody });
    return response;
  };
  return { fetch: spying, calls };
}
