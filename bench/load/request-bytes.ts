/**
 * The requests of the workload, shaped as the OpenAI SDKs send them: two of about 1 KB in all, and
 * uploads of any size that name their model last.
 */

const QUESTION =
  'Summarise the following report in three sentences for a reader who knows the field. ';
const TARGET_BODY_BYTES = 760;
/** Base64 of one image; a larger body holds several. */
const IMAGE_CHARS = 256 * 1024;
const BASE64 = 'iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAYAAAB/HSuDAAAgAElEQVR4nOzde3xU5bX3/2+SyQ5C';

export function requestBytes(port: number, stream: boolean): Buffer {
  const body = requestBody(stream);
  return Buffer.from(head(port, Buffer.byteLength(body)) + body);
}

/** A conversation about images, `bodyBytes` long, with `"model"` as its very last member. */
export function uploadBytes(port: number, bodyBytes: number): Buffer {
  const start = '{"temperature":0.7,"max_tokens":64,"messages":[';
  const end = '{"role":"user","content":"And the last one?"}],"model":"bench"}';
  const whole = message(IMAGE_CHARS);
  const messages: string[] = [];
  let room = bodyBytes - start.length - end.length;
  while (room >= 2 * whole.length) {
    messages.push(whole);
    room -= whole.length;
  }
  const last = room - message(0).length;
  if (last < 0) throw new RangeError(`an upload of ${bodyBytes} bytes is too small`);
  messages.push(message(last));
  return Buffer.from(head(port, bodyBytes) + start + messages.join('') + end, 'latin1');
}

/** One turn: a question with escapes in it, and an image of so many characters. */
function message(imageChars: number): string {
  const image = BASE64.repeat(Math.ceil(imageChars / BASE64.length)).slice(0, imageChars);
  return (
    `{"role":"user","content":[{"type":"text","text":"\\"${QUESTION.repeat(8)}\\"\\n"},` +
    `{"type":"image_url","image_url":{"url":"data:image/png;base64,${image}"}}]},`
  );
}

function head(port: number, bodyBytes: number): string {
  return (
    `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
    'Accept: application/json\r\nContent-Type: application/json\r\n' +
    'User-Agent: OpenAI/JS 6.49.0\r\nAuthorization: Bearer bench-key\r\n' +
    'X-Stainless-Lang: js\r\nX-Stainless-Retry-Count: 0\r\n' +
    `Content-Length: ${bodyBytes}\r\n\r\n`
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
