/**
 * The house's norms as a check: prints `file:line: rule: sentence` for each breach and exits 1.
 * Where a norm must give way, `// tidy allows RULE: reason` above the line says so.
 */
import { resolve } from 'node:path';
import { applyAllowances } from './tidy/comments.ts';
import { noDeadExports } from './tidy/dead-exports.ts';
import { hotPath } from './tidy/hot-path.ts';
import { importRules, noBarrels, noCycles } from './tidy/import-rules.ts';
import { marks } from './tidy/marks.ts';
import { names } from './tidy/names.ts';
import { parseProject, type Rule, readTexts } from './tidy/project.ts';
import { purity } from './tidy/purity.ts';
import { fileSizes, functionSizes } from './tidy/shape.ts';
import { brokenLinks, machineTies } from './tidy/texts.ts';

const RULES: readonly Rule[] = [
  importRules,
  noCycles,
  noBarrels,
  noDeadExports,
  fileSizes,
  functionSizes,
  names,
  marks,
  purity,
  hotPath,
  machineTies,
  brokenLinks,
];

const project = parseProject(readTexts(resolve(import.meta.dirname, '..')));
const found = RULES.flatMap((rule) => rule(project));
const findings = applyAllowances(project, found);
findings.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
for (const { file, line, rule, message } of findings) {
  console.log(`${file}:${line}: ${rule}: ${message}`);
}
process.exitCode = findings.length === 0 ? 0 : 1;
