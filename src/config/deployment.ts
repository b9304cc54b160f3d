/**
 * One item of `model_list` → one endpoint entry, or its problems. A bad deployment never blocks
 * another: it is reported and left out. No message shows a key.
 */
import { type DeploymentContext, DeploymentReader } from './deployment-reader.ts';
import type { EndpointEntry } from './endpoint-entry.ts';
import { ENTRY_KEY_NAMES, INFO_KEY_NAMES, PARAM_KEY_NAMES } from './endpoint-keys.ts';
import { readOwn } from './own-settings.ts';
import { isSelfDeployed, stripProvider } from './provider-prefix.ts';
import { Secret } from './secret.ts';
import type { MapTree, Tree } from './yaml-tree.ts';

/** `undefined` when the deployment cannot be used; the reasons are in the report. */
export function readDeployment(
  tree: Tree,
  path: string,
  context: DeploymentContext,
): EndpointEntry | undefined {
  const reader = new DeploymentReader(path, context);
  const entry = tree.kind === 'map' ? tree : reader.fault(tree, '', 'must be a section with keys');
  if (entry === undefined) return undefined;
  context.ignored.note('', entry, ENTRY_KEY_NAMES);
  const params = reader.section(entry, 'litellm_params');
  if (params === undefined) {
    if (!reader.failed) reader.fault(entry, 'litellm_params', 'is missing');
    return undefined;
  }
  context.ignored.note('litellm_params.', params, PARAM_KEY_NAMES);
  const info = reader.section(entry, 'model_info');
  if (info !== undefined) context.ignored.note('model_info.', info, INFO_KEY_NAMES);
  return readParams(
    { entry, params: withCredential(params, reader, context), info },
    reader,
    context,
  );
}

interface Sections {
  readonly entry: MapTree;
  readonly params: MapTree;
  readonly info: MapTree | undefined;
}

function readParams(
  { entry, params, info }: Sections,
  reader: DeploymentReader,
  context: DeploymentContext,
): EndpointEntry | undefined {
  const modelName = reader.name(entry, 'model_name');
  const apiBase = reader.apiBase(params);
  const model = reader.text(params, 'litellm_params.model') || modelName;
  const apiKey = reader.apiKey(params);
  const weight = reader.weight(params);
  const rpmLimit = reader.rpmLimit([entry, params, info]);
  const supportsVision = reader.flag(params, 'litellm_params.supports_vision');
  const sourceType = reader.text(params, 'litellm_params.source_type') || sourceOf(model, context);
  const own = readOwn(reader, { params, info }, context.shared?.defaults ?? {});
  const blocked = reader.flag(info, 'model_info.blocked') || reader.flag(entry, 'blocked');
  if (blocked && !reader.failed) {
    const message = 'is blocked (this endpoint is left out)';
    context.report.add('notice', entry.at, reader.path, { message });
  }
  if (reader.failed || blocked) return undefined;
  return {
    id: `${modelName}@${apiBase}`,
    modelName,
    upstreamModel: stripProvider(model),
    apiBase,
    apiKey: new Secret(apiKey),
    weight,
    rpmLimit,
    supportsVision,
    sourceType,
    place: context.report.place(entry.at),
    ...(own === undefined ? {} : { own }),
  };
}

/** A deployment gets what it does not say itself from the credential that it names. */
function withCredential(
  params: MapTree,
  reader: DeploymentReader,
  { shared }: DeploymentContext,
): MapTree {
  const key = 'litellm_params.litellm_credential_name';
  const name = reader.text(params, key);
  if (name === '') return params;
  const credential = shared?.credentials.get(name);
  if (credential === undefined) {
    reader.fault(params, key, 'names no credential of credential_list');
    return params;
  }
  return { ...params, entries: new Map([...credential.entries, ...params.entries]) };
}

/** In a main file no name says what its endpoints are, but the provider does. */
function sourceOf(model: string, { sourceType }: DeploymentContext): string {
  if (sourceType !== '') return sourceType;
  return isSelfDeployed(model) ? 'self_deployed' : 'openai';
}
