/**
 * What can be wrong with a configuration, said once for every parser: a place, a path and one
 * sentence. Expected failures are values here; nothing in `config` throws at a user's mistake.
 *
 * Invariant: a problem never carries a secret's value, and its printed form is one line whatever
 * the file contains (control characters are escaped, long texts are cut).
 */

/** A place in a file; `line` 0 means the problem has no place inside the file. */
export interface Place {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
}

export interface Problem extends Place {
  /** Dotted path of the key, e.g. `routing.strategy` or `model_list[3].model_name`; may be ''. */
  readonly path: string;
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion?: string;
  /**
   * `error`: the value (or this one deployment) is not used; `warning`: used, but probably not as
   * meant; `notice`: worth one line in the log.
   */
  readonly severity: 'error' | 'warning' | 'notice';
}

/** A value is present when it may be used; problems may accompany it. */
export interface Parsed<T> {
  readonly value?: T;
  readonly problems: Problem[];
}

/** `config.yaml:12:5: routing.stratgy: unknown key; did you mean "strategy"?` */
export function formatProblem(problem: Problem): string {
  const place = formatPlace(problem);
  const path = problem.path === '' ? '' : `${printable(problem.path)}: `;
  const hint =
    problem.suggestion === undefined ? '' : `; did you mean "${printable(problem.suggestion)}"?`;
  return `${place}: ${path}${printable(problem.message, 600)}${hint}`;
}

/** `file:line:column`, or the file alone when the place is the whole file. */
export function formatPlace(place: Place): string {
  const file = printable(place.file, 300);
  return place.line === 0 ? file : `${file}:${place.line}:${place.column}`;
}

/** Text from a file, made safe to print in one line. */
export function printable(text: string, maxLength = 120): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
