/** The help texts of `llm-router deploy`, written from its table of flags. */
import { DEPLOY_COMMANDS, type DeployVerb } from './deploy-flags.ts';

const WIDTH = 26;

/** What `llm-router deploy --help` prints. */
export function deployUsage(): string {
  const commands = Object.entries(DEPLOY_COMMANDS).map(([name, { doc }]) => columns(name, doc));
  return [
    'llm-router deploy: start engines on many nodes over ssh, and stop them again.',
    '',
    'Usage:',
    '  llm-router deploy <command> [flags]',
    '  llm-router deploy <command> --help',
    '',
    'Commands:',
    ...commands,
    '',
    'Example:',
    '  llm-router deploy up --hosts gpu-1,gpu-2 --model-name Qwen/Qwen3-8B --dry-run',
    '',
    'Everything about it: docs/deploy.md.',
    '',
  ].join('\n');
}

/** What `llm-router deploy up --help` prints. */
export function deployVerbUsage(verb: DeployVerb): string {
  const { doc, flags } = DEPLOY_COMMANDS[verb];
  const lines = flags.map(({ name, value, doc: said }) => {
    const dashes = name.length === 1 ? '-' : '--';
    return columns(`${dashes}${name} ${value}`.trim(), said);
  });
  return [`llm-router deploy ${verb}: ${doc}`, '', 'Flags:', ...lines, ''].join('\n');
}

function columns(left: string, right: string): string {
  const gap = left.length >= WIDTH ? `${left}\n${' '.repeat(WIDTH + 2)}` : left.padEnd(WIDTH);
  return `  ${gap} ${right}`;
}
