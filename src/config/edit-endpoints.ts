/**
 * Changes to the text of an endpoint file that keep every other byte: comments, order, quotes,
 * line ends. For the deploy tool, which adds and removes engines, and for whoever takes endpoints
 * out of the files.
 *
 * Invariant: a changed text is read again before it is given out. Where an entry that nobody asked
 * to change would mean something else (an alias whose anchor is gone), the edit is refused with a
 * problem, and the text stays as it was.
 */
import { readDeployment } from './deployment.ts';
import { meaningOf } from './diff.ts';
import type { EndpointEntry } from './endpoint-entry.ts';
import { IgnoredKeys } from './endpoint-keys.ts';
import { EndpointList, type Splice, type WrittenEndpoint } from './endpoint-splices.ts';
import type { Parsed } from './problem.ts';
import type { Env } from './references.ts';
import { isNull } from './tree-values.ts';
import { FileReport, readTree } from './yaml-tree.ts';

/** What a file is called in problems, and the environment that its references name. */
export interface EditContext {
  readonly file: string;
  readonly env: Env;
}

/**
 * Takes out every endpoint that `isGone` names. The value is the new text, the same one when none
 * was found; without a value the file could not be read or changed, and the problems say why.
 */
export function removeEndpoints(
  text: string,
  isGone: (entry: EndpointEntry) => boolean,
  context: EditContext,
): Parsed<string> {
  const read = readEntries(text, context);
  if (read.value === undefined) return { problems: read.problems };
  const { value: entries } = read;
  const gone = entries.flatMap((entry, i) => (entry !== undefined && isGone(entry) ? [i] : []));
  if (gone.length === 0) return { value: text, problems: [] };
  const splices = new EndpointList(withoutMark(text)).remove(gone);
  const kept = entries.filter((_, index) => !gone.includes(index)).map(meaningOrNone);
  return finish(text, splices, kept, context);
}

/**
 * Makes the file list `endpoint`. An entry of the same address that already says so stays as it is,
 * and so does one that gives the same model another name; an entry of the address with another
 * model is changed in place (its weight and limits stay); without one, it is added at the end. A
 * key goes to every entry of the address; without one keys stay as they are.
 */
export function putEndpoint(
  text: string,
  endpoint: WrittenEndpoint,
  context: EditContext,
): Parsed<string> {
  const listed = putModel(text, endpoint, context);
  if (listed.value === undefined || endpoint.apiKey === '') return listed;
  return putKey(listed.value, endpoint, context);
}

/** Gives every entry of this address the key. */
function putKey(text: string, endpoint: WrittenEndpoint, context: EditContext): Parsed<string> {
  const { value: entries, problems } = readEntries(text, context);
  if (entries === undefined) return { problems };
  const key = keyIn(endpoint, context);
  const others = entries.flatMap((entry, index) => {
    return entry?.apiBase === endpoint.apiBase && entry.apiKey.reveal() !== key ? [index] : [];
  });
  if (others.length === 0) return { value: text, problems: [] };
  const list = new EndpointList(withoutMark(text));
  const splices: Splice[] = [];
  for (const index of others) {
    const found = list.setKey(index, endpoint.apiKey);
    if (typeof found === 'string') return refused(found, context);
    splices.push(found);
  }
  const expected = entries.map((entry, index) => {
    return others.includes(index) ? undefined : meaningOrNone(entry);
  });
  return finish(text, splices, expected, context);
}

/** What `apiKey` means, as an entry that says the same would have it. */
function keyIn({ apiKey }: WrittenEndpoint, { env }: EditContext): string {
  const name = /^os\.environ\/(\w+)$/.exec(apiKey)?.[1];
  return name === undefined ? apiKey : (env[name] ?? '');
}

function putModel(text: string, endpoint: WrittenEndpoint, context: EditContext): Parsed<string> {
  const read = readEntries(text, context);
  if (read.value === undefined) return { problems: read.problems };
  const { value: entries } = read;
  const isHere = (entry: EndpointEntry | undefined) => entry?.apiBase === endpoint.apiBase;
  const others = entries.flatMap((entry, index) =>
    isHere(entry) && entry!.upstreamModel !== endpoint.model ? [index] : [],
  );
  const isListed = entries.some(
    (entry) =>
      isHere(entry) &&
      entry!.upstreamModel === endpoint.model &&
      entry!.modelName === endpoint.modelName,
  );
  const [first, ...rest] = others;
  const gone = isListed ? others : rest;
  if (gone.length > 0) {
    // One kind of change at a time keeps the splices apart.
    const { value, problems } = removeEndpoints(
      text,
      (entry) => gone.includes(entries.findIndex((one) => samePlace(one, entry))),
      context,
    );
    return value === undefined ? { problems } : putModel(value, endpoint, context);
  }
  if (isListed) return { value: text, problems: [] };
  const list = new EndpointList(withoutMark(text));
  const splices = first === undefined ? list.append(endpoint) : list.change(first, endpoint);
  const expected = entries.map(meaningOrNone);
  expected[first ?? entries.length] = undefined;
  return finish(text, splices, expected, context);
}

function samePlace(one: EndpointEntry | undefined, other: EndpointEntry): boolean {
  return one?.place.line === other.place.line && one.place.column === other.place.column;
}

const MARK = '\uFEFF';

function withoutMark(text: string): string {
  return text.startsWith(MARK) ? text.slice(1) : text;
}

/** An entry a list item, `undefined` where it is not good; nothing when the file is not. */
function readEntries(
  text: string,
  { file, env }: EditContext,
): Parsed<readonly (EndpointEntry | undefined)[]> {
  const report = new FileReport(file);
  const tree = readTree(text, report, 'warning');
  if (tree === undefined) return { problems: report.inOrder() };
  const list = tree.kind === 'map' ? tree.entries.get('model_list')?.value : undefined;
  const isEmpty = isNull(tree) || (tree.kind === 'map' && (list === undefined || isNull(list)));
  if (!isEmpty && list?.kind !== 'list') {
    const message = 'has no "model_list" that is a list, so nothing can be changed in it';
    report.add('error', tree.at, '', { message });
    return { problems: report.inOrder() };
  }
  const items = list?.kind === 'list' ? list.items : [];
  // Problems of single entries are for the loader to tell.
  const own = { report: new FileReport(file), ignored: new IgnoredKeys(), env };
  own.report.lines.lineStarts = report.lines.lineStarts;
  const context = { ...own, sourceType: '', zeroWeights: [] };
  return { value: items.map((item) => readDeployment(item, '', context)), problems: [] };
}

/** '' for an entry that is left out. */
function meaningOrNone(entry: EndpointEntry | undefined): string | undefined {
  return entry === undefined ? '' : meaningOf(entry);
}

/** `expected` has the meaning of each entry afterwards, `undefined` for the one that is new. */
function finish(
  text: string,
  splices: readonly Splice[] | string,
  expected: readonly (string | undefined)[],
  context: EditContext,
): Parsed<string> {
  if (typeof splices === 'string') return refused(splices, context);
  const bare = withoutMark(text);
  const ordered = splices.toSorted((a, b) => b.from - a.from || b.to - a.to);
  let edited = bare;
  for (const { from, to, text: put } of ordered) {
    edited = edited.slice(0, from) + put + edited.slice(to);
  }
  if (text !== bare) edited = MARK + edited;
  const found = readEntries(edited, context).value?.map(meaningOrNone);
  const isAsMeant =
    found?.length === expected.length &&
    expected.every((one, index) =>
      one === undefined ? found[index] !== '' : found[index] === one,
    );
  if (isAsMeant) return { value: edited, problems: [] };
  return refused(
    'cannot be changed without changing what other entries mean (an anchor, perhaps): ' +
      'edit it by hand',
    context,
  );
}

function refused(message: string, { file }: EditContext): Parsed<string> {
  return { problems: [{ file, line: 0, column: 0, path: '', message, severity: 'error' }] };
}
