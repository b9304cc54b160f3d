/**
 * Rules for every text file: nothing that is true on one machine only, and no link into the void.
 */
import { posix } from 'node:path';
import { type Finding, lineAt, type Project } from './project.ts';

// Written in pieces, so that this file passes its own rule.
const REGISTRIES = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['registry', 'npmmirror', 'com'],
  ['pypi', 'org'],
  ['files', 'pythonhosted', 'org'],
  ['proxy', 'golang', 'org'],
  ['static', 'crates', 'io'],
  ['deb', 'debian', 'org'],
].map((labels) => labels.join('.'));
const MACHINE_PATH = new RegExp(`(?<![\\w.~/$})-])/(${'work|tmp|root|home|Users'})/[\\w.-]+`, 'g');

export function machineTies({ texts }: Project): Finding[] {
  const findings: Finding[] = [];
  for (const [file, text] of texts) {
    const add = (offset: number, message: string) => {
      findings.push({ file, line: lineAt(text, offset), rule: 'machine', message });
    };
    for (const host of REGISTRIES) {
      const at = text.indexOf(host);
      if (at !== -1) add(at, `${host} is a package registry: leave that to the user's settings`);
    }
    for (const match of text.matchAll(MACHINE_PATH)) {
      add(match.index, `${match[0]} exists on one machine only`);
    }
  }
  return findings;
}

export function brokenLinks({ texts }: Project): Finding[] {
  const findings: Finding[] = [];
  const folders = foldersOf(texts);
  for (const [file, text] of texts) {
    if (!file.endsWith('.md')) continue;
    const prose = text.replace(/^(```+)[\s\S]*?^\1|`[^`\n]+`/gm, (code) =>
      code.replace(/[^\n]/g, ' '),
    );
    for (const match of prose.matchAll(/\]\(([^)\s]+)[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)) {
      const link = match[1] ?? match[2]!;
      if (/^([a-z][a-z0-9+.-]*:|#)/i.test(link)) continue;
      const path = posix.join(posix.dirname(file), decodeURI(link.replace(/[#?].*$/, '')));
      const trimmed = path.replace(/\/$/, '');
      if (texts.has(trimmed) || folders.has(trimmed)) continue;
      const line = lineAt(text, match.index);
      findings.push({ file, line, rule: 'link', message: `${link} does not exist` });
    }
  }
  return findings;
}

function foldersOf(texts: ReadonlyMap<string, string>): Set<string> {
  const folders = new Set(['.']);
  for (const path of texts.keys()) {
    for (let at = posix.dirname(path); at !== '.'; at = posix.dirname(at)) folders.add(at);
  }
  return folders;
}
