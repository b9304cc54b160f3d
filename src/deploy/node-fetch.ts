/**
 * A request to an engine, made on its node: for users who reach the nodes by ssh only (through a
 * jump host, from home), while routers sit beside them. Uses curl or the engine's own Python there,
 * and the address that routers use, so an engine that only its own node can reach is not ready. The
 * engine's key comes in a file or a variable: arguments are for all users of the node to see.
 */
import { keyOf, quoted } from './engine-command.ts';
import type { Service } from './plan.ts';
import type { Fetch } from './readiness.ts';
import type { Ssh } from './ssh.ts';

const CURL_SECONDS = 120;
const RUN_MS = (CURL_SECONDS + 20) * 1000;

/** With the standard library only; prints as curl is told to: the body, then a line, the status. */
const PYTHON = `
import os, sys, urllib.error, urllib.request
url, data = sys.argv[1], sys.stdin.buffer.read() or None
headers = {"content-type": "application/json"}
if os.environ.get("key"):
    headers["authorization"] = "Bearer " + os.environ["key"]
request = urllib.request.Request(url, data, headers)
try:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    answer = opener.open(request, timeout=${CURL_SECONDS})
except urllib.error.HTTPError as error:
    answer = error
sys.stdout.write(answer.read().decode("utf-8", "replace") + "\\n@status %d" % answer.status)
`;

/** Asks directly first; what cannot be reached from here is asked on the node. */
export function fetchNear(service: Service, ssh: Pick<Ssh, 'run'>, fetch: Fetch): Fetch {
  return async (url, init) => {
    try {
      return await fetch(url, init);
    } catch (error) {
      if (init.signal?.aborted !== true || isTimeout(init.signal)) {
        const answer = await askOnNode(service, ssh, {
          url,
          body: init.body as string | undefined,
        });
        if (answer !== undefined) return answer;
      }
      throw error;
    }
  };
}

/** Within the quotes of a curl config file. */
function inCurlConfig(text: string): string {
  return text.replace(/[\\"]/g, '\\$&');
}

function isTimeout(signal: AbortSignal): boolean {
  return signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
}

async function askOnNode(
  { node, command }: Service,
  ssh: Pick<Ssh, 'run'>,
  { url, body = '' }: { readonly url: string; readonly body: string | undefined },
): Promise<Response | undefined> {
  const python = command.runtime === '' ? command.argv[0]! : 'python3';
  const script = `url=${quoted(url)} body=${quoted(body)} code=${quoted(PYTHON)}
key=${quoted(keyOf(command))} curl_key=${quoted(inCurlConfig(keyOf(command)))}
if command -v curl >/dev/null 2>&1; then
  set -- -s --noproxy '*' -m ${CURL_SECONDS} -w '\\n@status %{http_code}'
  if [ -n "$body" ]; then set -- "$@" -H 'content-type: application/json' --data-binary @-; fi
  if [ -n "$key" ]; then set -- "$@" -K /dev/fd/3; fi
  printf %s "$body" | curl "$@" "$url" 3<<LLM_ROUTER_END
header = "authorization: Bearer $curl_key"
LLM_ROUTER_END
else
  printf %s "$body" | key=$key ${quoted(python)} -c "$code" "$url" 2>/dev/null
fi
`;
  const { stdout, fault } = await ssh.run(node, script, RUN_MS);
  const match = /^([\s\S]*)\n@status (\d+)\s*$/.exec(stdout.toString('utf8'));
  const status = Number(match?.[2] ?? 0);
  if (fault !== '' || status < 200 || status > 599) return undefined;
  return new Response(status === 204 || status === 304 ? null : match![1]!, { status });
}
