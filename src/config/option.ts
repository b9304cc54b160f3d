/**
 * The kinds of option a section can have. An option knows its key, type, range, default, unit and
 * one line of documentation; the parser, the shipped file and the reference page all read it.
 *
 * Invariant: `defaultValue` and what `schema` accepts are in the unit of the file; `scale` turns
 * numbers into the unit of `Config` (milliseconds, bytes).
 */

import { z } from 'zod';
import { PRIORITY_NAMES } from '../core/priority.ts';

export interface Option<T> {
  /** The key in the file. */
  readonly key: string;
  readonly kind: 'number' | 'boolean' | 'text' | 'list';
  readonly schema: z.ZodType<T>;
  readonly defaultValue: T;
  /** `s`, `ms`, `bytes`, … or '' for none. */
  readonly unit: string;
  readonly scale: number;
  /** Completes "must be …". */
  readonly expects: string;
  /** The only values, when they are few; empty otherwise. */
  readonly words: readonly string[];
  /** One line. */
  readonly doc: string;
  /** Never print a value of this option. */
  readonly secret: boolean;
}

export interface Section {
  readonly key: string;
  readonly doc: string;
  readonly options: { readonly [field: string]: Option<unknown> };
}

interface Range {
  readonly min?: number;
  readonly max: number;
  readonly unit?: string;
}

// Node's timers hold at most 2^31−1 ms (24.8 days).
const MAX_SECONDS = 2_000_000;
/** Each may have rows of metrics. */
const MAX_KEYS = 256;
const MAX_MS = MAX_SECONDS * 1000;

/** A whole number. */
export function integer(key: string, value: number, range: Range, doc: string): Option<number> {
  const { min = 0, max, unit = '' } = range;
  return {
    ...plain(key, 'number', doc),
    schema: z.number().int().min(min).max(max),
    defaultValue: value,
    unit,
    expects: `a whole number from ${min} to ${max}`,
  };
}

/** Seconds in the file, fractions allowed; milliseconds in `Config`. */
export function seconds(key: string, value: number, doc: string, min = 0): Option<number> {
  return {
    ...plain(key, 'number', doc),
    schema: z.number().min(min).max(MAX_SECONDS),
    defaultValue: value,
    unit: 's',
    scale: 1000,
    expects: `a number of seconds from ${min} to ${MAX_SECONDS}`,
  };
}

/** Milliseconds in the file and in `Config`. */
export function millis(key: string, value: number, doc: string, min = 0): Option<number> {
  return {
    ...plain(key, 'number', doc),
    schema: z.number().min(min).max(MAX_MS),
    defaultValue: value,
    unit: 'ms',
    expects: `a number of milliseconds from ${min} to ${MAX_MS}`,
  };
}

/** A share between 0 and 1. */
export function fraction(key: string, value: number, doc: string): Option<number> {
  return {
    ...plain(key, 'number', doc),
    schema: z.number().min(0).max(1),
    defaultValue: value,
    expects: 'a number from 0 to 1',
  };
}

export function flag(key: string, value: boolean, doc: string): Option<boolean> {
  return {
    ...plain(key, 'boolean', doc),
    schema: z.boolean(),
    defaultValue: value,
    expects: 'true or false',
  };
}

/** Text without control characters or surrounding blanks. */
export function text(key: string, value: string, doc: string): Option<string> {
  return {
    ...plain(key, 'text', doc),
    schema: z.string().regex(/^(?!\s)[^\u0000-\u001f\u007f]*(?<!\s)$/),
    defaultValue: value,
    expects: 'a text on one line',
  };
}

/** An address that is sent to, or nothing. */
export function webAddress(key: string, value: string, doc: string): Option<string> {
  const reachable = (url: string) => /^https?:\/\/[^\s\u0000-\u001f\u007f]+$/i.test(url);
  return {
    ...plain(key, 'text', doc),
    schema: z.string().refine((url) => url === '' || (reachable(url) && URL.canParse(url))),
    defaultValue: value,
    expects: 'an http:// or https:// address',
  };
}

/** A host name or address to listen on. */
export function host(key: string, value: string, doc: string): Option<string> {
  return {
    ...plain(key, 'text', doc),
    schema: z.string().regex(/^[A-Za-z0-9._:%-]+$/),
    defaultValue: value,
    expects: 'a host name or an IP address without a port',
  };
}

/** One of a few words. */
export function choice<W extends string>(
  key: string,
  value: W,
  words: readonly W[],
  doc: string,
): Option<W> {
  return {
    ...plain(key, 'text', doc),
    schema: z.literal(words),
    defaultValue: value,
    words,
    expects: `one of ${words.join(', ')}`,
  };
}

/** A list of names as file-name prefixes have them. */
export function names(
  key: string,
  value: readonly string[],
  doc: string,
): Option<readonly string[]> {
  return {
    ...plain(key, 'list', doc),
    schema: z.array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/)),
    defaultValue: value,
    expects: 'a list of names made of letters, digits, "_", "-" and "."',
  };
}

/** Names of header fields, of the three keys of a body that can name a session, or `prefix`. */
export function sessionNames(
  key: string,
  value: readonly string[],
  doc: string,
): Option<readonly string[]> {
  const field = /^(?!body\.)[A-Za-z0-9][A-Za-z0-9_.-]*$|^body\.(session_id|user|prompt_cache_key)$/;
  return {
    ...plain(key, 'list', doc),
    schema: z.array(z.string().regex(field)),
    defaultValue: value,
    expects: 'a list of header fields, body.session_id, body.user, body.prompt_cache_key or prefix',
  };
}

/** A key that clients show, and the name it has in logs. */
export interface NamedKey {
  readonly name: string;
  readonly key: string;
  /** Class of its requests; without one they may ask for any. */
  readonly priority?: (typeof PRIORITY_NAMES)[number] | undefined;
}

/** A list of keys: each a text, or a section with `name`, `key` and perhaps `priority`. */
export function keys(key: string, doc: string): Option<readonly (string | NamedKey)[]> {
  const secret = z.string().regex(/^[\x21-\x7e]{1,512}$/);
  const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
  const priority = z.enum(PRIORITY_NAMES).optional();
  return {
    ...plain(key, 'list', doc),
    schema: z
      .array(z.union([secret, z.strictObject({ name, key: secret, priority })]))
      .max(MAX_KEYS),
    defaultValue: [],
    expects:
      `a list of at most ${MAX_KEYS} keys, each a text or a section with "name", "key" ` +
      'and perhaps "priority"',
    secret: true,
  };
}

/** Marks an option whose value must never be printed. */
export function hidden<T>(option: Option<T>): Option<T> {
  return { ...option, secret: true };
}

function plain<K extends Option<unknown>['kind']>(key: string, kind: K, doc: string) {
  return { key, kind, doc, words: [], unit: '', scale: 1, secret: false } as const;
}
