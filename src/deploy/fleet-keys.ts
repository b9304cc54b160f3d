/**
 * Every key of a fleet file, once: the reader refuses others, and docs/deploy.md is tested against
 * this table.
 */
export const FLEET_KEYS = {
  '': ['nodes', 'models', 'defaults', 'ssh'],
  nodes: ['host', 'address', 'ssh', 'gpus', 'port', 'python', 'workdir', 'env', 'args'],
  models: [
    ...['model', 'name', 'backend', 'tensor_parallel_size', 'gpus_per_service', 'replicas'],
    ...['nodes', 'port', 'python', 'workdir', 'env', 'args', 'container', 'api_key_env'],
  ],
  defaults: [
    ...['backend', 'tensor_parallel_size', 'gpus_per_service', 'replicas', 'nodes'],
    ...['port', 'python', 'workdir', 'env', 'args', 'container', 'api_key_env'],
  ],
  ssh: ['user', 'port', 'key'],
  container: ['runtime', 'image', 'args'],
} as const;
