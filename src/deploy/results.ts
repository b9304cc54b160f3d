/**
 * What routers read: the endpoint file, changed in place as engines come and go, and the list of
 * one deployment for each backend as the tool before this one wrote it.
 *
 * Invariant: changes are made one after another, each to what the file holds then; the copy of a
 * run is what was there before its first change.
 */
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type EditContext, putEndpoint, removeEndpoints } from '../config/edit-endpoints.ts';
import { formatProblem, type Parsed } from '../config/problem.ts';
import type { Env } from '../config/references.ts';
import { changeFile } from '../config/write-file.ts';
import type { Backend } from './fleet.ts';
import type { ServiceRecord } from './plan.ts';

export interface Change {
  readonly isChanged: boolean;
  /** One sentence; '' = nothing went wrong. */
  readonly fault: string;
}

export class EndpointFile {
  readonly #file: string;
  readonly #env: Env;
  readonly #stamp: string;
  #last: Promise<unknown> = Promise.resolve();

  /** `stamp` names this run's copy. */
  constructor(file: string, env: Env, stamp: string) {
    this.#file = file;
    this.#env = env;
    this.#stamp = stamp;
  }

  put(service: ServiceRecord): Promise<Change> {
    const { servedName, apiBase } = service;
    const apiKey = referenceTo(service, '');
    const endpoint = { modelName: servedName, model: servedName, apiBase, apiKey };
    return this.#change((text, context) => putEndpoint(text, endpoint, context));
  }

  /** Takes out every endpoint with one of these addresses. */
  remove(apiBases: ReadonlySet<string>): Promise<Change> {
    return this.#change((text, context) =>
      removeEndpoints(text, ({ apiBase }) => apiBases.has(apiBase), context),
    );
  }

  #change(edit: (text: string, context: EditContext) => Parsed<string>): Promise<Change> {
    const change = async (): Promise<Change> => {
      let fault = '';
      let isChanged = false;
      const apply = (text: string): string | undefined => {
        const context = { file: this.#file, env: withMissing(this.#env, text) };
        const { value, problems } = edit(text, context);
        fault = problems.map(formatProblem).join('; ');
        return value;
      };
      try {
        isChanged = await changeFile(this.#file, apply, this.#stamp);
      } catch (error) {
        fault = error instanceof Error ? error.message : String(error);
      }
      return { isChanged, fault };
    };
    const result = this.#last.then(change);
    this.#last = result;
    return result;
  }
}

/** What a router's file says of a service's key. */
function referenceTo({ apiKeyEnv }: ServiceRecord, none: string): string {
  return apiKeyEnv === '' ? none : `os.environ/${apiKeyEnv}`;
}

const REFERENCE = /os\.environ\/(\w+)|\$\{(\w+)/g;

/** An entry can be taken out, too, where the variables that it names are not. */
function withMissing(env: Env, text: string): Env {
  const named = [...text.matchAll(REFERENCE)].map(([, whole, within]) => whole ?? within!);
  return { ...Object.fromEntries(named.map((name) => [name, name])), ...env };
}

/** Names of models that take images: `Qwen3-VL-8B`, `Qwen2.5-Omni-7B`. */
const SEES = /(^|[^a-z])(vl|vision|omni)([^a-z]|$)/i;

/** Writes `router_config_<backend>.yaml` with these services, which are all of that backend. */
export async function writeRouterConfig(
  logDir: string,
  backend: Backend,
  services: readonly ServiceRecord[],
): Promise<string> {
  const file = join(logDir, `router_config_${backend}.yaml`);
  const entries = services.map((service) => ({
    model_name: service.servedName,
    litellm_params: {
      model: `openai/${service.servedName}`,
      api_base: service.apiBase,
      api_key: referenceTo(service, 'EMPTY'),
      supports_vision: SEES.test(service.model),
      weight: 1,
      source_type: 'self_deployed',
      rpm_limit: null,
    },
  }));
  const text = stringify({ model_list: entries }, { version: '1.1', lineWidth: 0 });
  await changeFile(file, () => text, '');
  return file;
}
