/**
 * Reads the samples of wanted names out of a Prometheus text page (exposition format 0.0.4).
 * An engine's page is mostly histograms nobody here wants, and it comes every second from every
 * engine: so it is not parsed line by line but searched for each wanted name with the native
 * indexOf. A line that is not understood is left out; nothing throws.
 */
export interface Sample {
  readonly labels: ReadonlyMap<string, string>;
  /** May be NaN or infinite, as the page says. */
  readonly value: number;
}

const NO_LABELS: ReadonlyMap<string, string> = new Map();
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** All samples called exactly `name`, in the order of the page. */
export function samplesOf(text: string, name: string): Sample[] {
  const samples: Sample[] = [];
  let at = text.indexOf(name);
  while (at >= 0) {
    let next = at + name.length;
    if (startsLine(text, at)) {
      // Nothing is searched beyond the line, so a hostile page costs no more than its length.
      const end = endOfLine(text, next);
      const sample = readSample(text.slice(next, end));
      if (sample !== undefined) samples.push(sample);
      next = end;
    }
    at = text.indexOf(name, next);
  }
  return samples;
}

/** The same for `name` or `name{label=value}`: only the samples whose label has that value. */
export function select(text: string, selector: string): Sample[] {
  const [name = '', condition] = selector.split(/[{}]/, 2);
  const samples = samplesOf(text, name);
  if (condition === undefined) return samples;
  const [label = '', value] = condition.split('=', 2);
  return samples.filter(({ labels }) => labels.get(label) === value);
}

/** Whether any line starts with `prefix` (a comment does not count). */
export function hasLine(text: string, prefix: string): boolean {
  let at = text.indexOf(prefix);
  while (at >= 0) {
    if (startsLine(text, at)) return true;
    at = text.indexOf(prefix, at + prefix.length);
  }
  return false;
}

function startsLine(text: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isBlank(text.charCodeAt(before))) before--;
  return before < 0 || text.charCodeAt(before) === 10;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** Reads `{labels} value [timestamp]`, the rest of a line behind the name. */
function readSample(rest: string): Sample | undefined {
  let at = skipBlanks(rest, 0);
  let labels = NO_LABELS;
  if (rest[at] === '{') {
    const read = new Map<string, string>();
    at = readLabels(rest, at + 1, read);
    if (at < 0) return undefined;
    labels = read;
  } else if (at === 0) {
    // The wanted name is only the beginning of a longer one.
    return undefined;
  }
  // Behind a '#' OpenMetrics puts an exemplar.
  const [numbers = ''] = rest.slice(at).split('#', 1);
  const fields = numbers.trim().split(/[ \t]+/, 3);
  if (fields.length > 2) return undefined;
  const value = readNumber(fields[0] ?? '');
  return value === undefined ? undefined : { labels, value };
}

/** Reads labels up to and over the closing brace; returns where the value may start, or -1. */
function readLabels(text: string, from: number, labels: Map<string, string>): number {
  let at = skipBlanks(text, from);
  while (text[at] !== '}') {
    const equals = text.indexOf('=', at);
    if (equals < 0) return -1;
    const name = text.slice(at, equals).trim();
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) return -1;
    const quote = skipBlanks(text, equals + 1);
    if (text[quote] !== '"') return -1;
    const end = closingQuote(text, quote + 1);
    if (end < 0) return -1;
    labels.set(name, unescapeLabel(text.slice(quote + 1, end)));
    at = skipBlanks(text, end + 1);
    if (text[at] === ',') at = skipBlanks(text, at + 1);
    else if (text[at] !== '}') return -1;
  }
  return at + 1;
}

/** Place of the quote that ends a label value, or -1 when the line ends before. */
function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) return at;
    if (code === 92) at++;
  }
  return -1;
}

function unescapeLabel(value: string): string {
  if (!value.includes('\\')) return value;
  return value.replace(/\\(.)/gs, (_, char: string) => (char === 'n' ? '\n' : char));
}

function readNumber(field: string): number | undefined {
  if (NUMBER.test(field)) return Number(field);
  switch (field.toLowerCase()) {
    case 'nan':
      return Number.NaN;
    case 'inf':
    case '+inf':
      return Number.POSITIVE_INFINITY;
    case '-inf':
      return Number.NEGATIVE_INFINITY;
    default:
      return undefined;
  }
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
