/** The flags of `llm-router deploy …`, once: parsing, `--help` and the test of docs/deploy.md. */
import type { FlagRow } from './verbs.ts';

function row(name: string, value: string, doc: string): FlagRow {
  return { name, value, doc, choices: [] };
}

const WHERE: readonly FlagRow[] = [
  row('f', 'FILE', 'Fleet file: nodes and models (docs/deploy.md).'),
  row('file', 'FILE', 'The same as -f.'),
  row('hosts', 'A,B', 'Nodes, when there is no fleet file; else NODE_IP_LIST counts.'),
  row('ssh-user', 'NAME', 'Login on the nodes (default: as ssh_config says).'),
  row('ssh-port', 'PORT', "Port of the nodes' sshd (default: as ssh_config says)."),
  row('ssh-key', 'FILE', 'Private key (default: as ssh_config says).'),
  row('state-dir', 'DIR', 'Folder on the nodes (default: ~/.llm-router/deploy).'),
  row('parallel', 'N', 'Ssh sessions at a time (default: 32).'),
  row('json', '', 'Print JSON for programs, a line an event.'),
];

const WHICH: readonly FlagRow[] = [
  row('service', 'A,B', 'Only these services, as deploy status names them.'),
  row('served-model-name', 'NAME', 'Only services of this model.'),
  row('backend', 'NAME', 'Only services of vllm or sglang.'),
];

const MODEL: readonly FlagRow[] = [
  row('model-name', 'PATH', 'Model: a path on the nodes, or a name the engine can fetch.'),
  row('served-model-name', 'NAME', 'Name that clients ask for (default: end of PATH).'),
  row('backend', 'NAME', 'vllm (default) or sglang.'),
  row('tensor-parallel-size', 'N', 'GPUs of one engine (default: 1).'),
  row('gpus-per-node', 'N', 'GPUs of each node (default: what nvidia-smi counts).'),
  row('port', 'PORT', 'First port to try (default: 30596).'),
  row('api-key-env', 'NAME', 'Variable here with the key that engines shall ask for (none).'),
  row('no-api-key', '', 'Let engines without a key take the place of those that ask for one.'),
  row('python-cmd', 'NAME', 'Conda environment, environment folder or interpreter (python3).'),
];

const RESULTS: readonly FlagRow[] = [
  row('endpoints', 'FILE', 'Endpoint file to keep (configs/self_deployed_config.yaml).'),
  row('router', 'URL', "A router's operations address, to drain; token: LLM_ROUTER_TOKEN."),
  row('drain-timeout', 'SECONDS', 'Longest wait for running requests (default: 600).'),
];

const STARTING: readonly FlagRow[] = [
  row('health-check-timeout', 'SECONDS', 'Time to become ready (default: 3600).'),
  row('stagger', 'SECONDS', 'Pause between starts on one node (default: 3).'),
  row('log-dir', 'DIR', 'Folder here for results and logs of failures (./log_dir).'),
];

export interface DeployCommand {
  readonly doc: string;
  readonly flags: readonly FlagRow[];
}

export const DEPLOY_COMMANDS = {
  up: {
    doc: 'Start what is missing, wait until it serves, tell the router.',
    flags: [
      ...WHERE,
      ...MODEL,
      ...STARTING,
      ...RESULTS,
      row('dry-run', '', 'Print the plan and start nothing.'),
    ],
  },
  status: { doc: 'Say what runs on the nodes.', flags: [...WHERE, ...WHICH] },
  logs: {
    doc: "Print the end of the engines' logs.",
    flags: [
      row('f', '', 'Follow: go on printing until Ctrl-C.'),
      ...WHERE.filter(({ name }) => name !== 'f' && name !== 'json'),
      ...WHICH,
      row('lines', 'N', 'Lines of each log to begin with (default: 20).'),
    ],
  },
  stop: {
    doc: 'Take services out of the endpoint file and end them.',
    flags: [
      ...WHERE,
      ...WHICH,
      ...RESULTS,
      row('grace', 'SECONDS', 'Between SIGTERM and SIGKILL (default: 30).'),
    ],
  },
  restart: {
    doc: 'End services and start them again as they were.',
    flags: [
      ...WHERE,
      ...WHICH,
      ...STARTING,
      ...RESULTS,
      row('grace', 'SECONDS', 'Between SIGTERM and SIGKILL (default: 30).'),
    ],
  },
} as const satisfies Record<string, DeployCommand>;

export type DeployVerb = keyof typeof DEPLOY_COMMANDS;
