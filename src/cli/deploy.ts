/**
 * `llm-router deploy …`: reads the command and its flags, and runs it. Exit codes: 0 done, 1 a
 * service or a node failed, 2 the command line, 3 the fleet file.
 */
import { nearest } from '../config/suggest.ts';
import { parseFlags } from './args.ts';
import { DEPLOY_COMMANDS, type DeployVerb } from './deploy-flags.ts';
import { runDeployLogs } from './deploy-logs.ts';
import { runDeployRestart, runDeployStatus, runDeployStop } from './deploy-running.ts';
import { openSession, type Session } from './deploy-session.ts';
import { runDeployUp } from './deploy-up.ts';
import { deployUsage, deployVerbUsage } from './deploy-usage.ts';
import { EXIT_OK, EXIT_USAGE } from './exit-codes.ts';

const RUNS: Readonly<Record<DeployVerb, (session: Session) => Promise<number>>> = {
  up: runDeployUp,
  status: runDeployStatus,
  logs: runDeployLogs,
  stop: runDeployStop,
  restart: runDeployRestart,
};

/** `words` is what follows `deploy`. */
export async function runDeploy(words: readonly string[]): Promise<number> {
  const [verb = '', ...rest] = words;
  if (verb === '' || /^--?h(elp)?$/.test(verb)) {
    (verb === '' ? process.stderr : process.stdout).write(deployUsage());
    return verb === '' ? EXIT_USAGE : EXIT_OK;
  }
  if (!isVerb(verb)) {
    const names = Object.keys(DEPLOY_COMMANDS);
    const near = nearest(verb, names);
    const hint = near === undefined ? `one of ${names.join(', ')}` : `did you mean ${near}?`;
    return refuse([`There is no command "deploy ${verb}": ${hint}`], 'deploy', EXIT_USAGE);
  }
  const { flags, help, problems } = parseFlags(DEPLOY_COMMANDS[verb].flags, rest);
  if (problems.length > 0) return refuse(problems, `deploy ${verb}`, EXIT_USAGE);
  if (help) {
    process.stdout.write(deployVerbUsage(verb));
    return EXIT_OK;
  }
  const session = await openSession(verb, flags);
  if ('code' in session) return refuse(session.problems, `deploy ${verb}`, session.code);
  try {
    return await RUNS[verb](session);
  } finally {
    await session.ssh.close(session.fleet.nodes);
  }
}

function isVerb(word: string): word is DeployVerb {
  return Object.hasOwn(DEPLOY_COMMANDS, word);
}

function refuse(problems: readonly string[], command: string, code: number): number {
  const lines = problems.map((problem) => `llm-router: ${problem}\n`);
  const help = code === EXIT_USAGE ? `Try llm-router ${command} --help.\n` : '';
  process.stderr.write(lines.join('') + help);
  return code;
}
