/** The two requests of the workload: about 1 KB in all, shaped as the OpenAI SDKs send them. */

const QUESTION =
  'Summarise the following report in three sentences for a reader who knows the field. ';
const TARGET_BODY_BYTES = 760;

export function requestBytes(port: number, stream: boolean): Buffer {
  const body = requestBody(stream);
  return Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
      'Accept: application/json\r\nContent-Type: application/json\r\n' +
      'User-Agent: OpenAI/JS 6.49.0\r\nAuthorization: Bearer bench-key\r\n' +
      'X-Stainless-Lang: js\r\nX-Stainless-Retry-Count: 0\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function requestBody(stream: boolean): string {
  const content = QUESTION.repeat(8);
  const shape = (text: string) =>
    JSON.stringify({
      messages: [
        { role: 'system', content: 'You are a careful editor.' },
        { role: 'user', content: text },
      ],
      model: 'bench',
      temperature: 0.7,
      max_tokens: 64,
      stream,
    });
  const frame = shape('').length;
  return shape(content.slice(0, TARGET_BODY_BYTES - frame));
}
