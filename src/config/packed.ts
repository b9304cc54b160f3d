/**
 * What was loaded, as plain data that threads can send each other: a Secret would lose its value
 * on the way. Invariant: packed data is never printed, logged or kept.
 */
import type { EndpointEntry } from './endpoint-entry.ts';
import { type FileEndpoints, type Loaded, mergeEndpoints } from './load.ts';
import { Secret } from './secret.ts';

interface PackedEntry extends Omit<EndpointEntry, 'apiKey' | 'own'> {
  readonly key: string;
  readonly own?: Omit<NonNullable<EndpointEntry['own']>, 'headers'> & {
    readonly headers: readonly (readonly [name: string, value: string])[];
  };
}

interface PackedFile extends Omit<FileEndpoints, 'entries'> {
  readonly entries: readonly PackedEntry[];
}

export interface PackedLoad extends Omit<Loaded, 'endpoints' | 'byFile'> {
  readonly byFile: ReadonlyMap<string, PackedFile>;
}

export function pack(loaded: Loaded): PackedLoad {
  const { endpoints: _, ...rest } = loaded;
  const files = [...loaded.byFile].map(([file, found]) => {
    return [file, { ...found, entries: found.entries.map(packEntry) }] as const;
  });
  return { ...rest, byFile: new Map(files) };
}

export function unpack(packed: PackedLoad): Loaded {
  const files = [...packed.byFile].map(([file, found]) => {
    return [file, { ...found, entries: found.entries.map(unpackEntry) }] as const;
  });
  const byFile: Loaded['byFile'] = new Map(files);
  // Its problems are among those that came along.
  return { ...packed, byFile, endpoints: mergeEndpoints(byFile).value };
}

function packEntry({ apiKey, own, ...entry }: EndpointEntry): PackedEntry {
  const key = apiKey.reveal();
  if (own === undefined) return { ...entry, key };
  const headers = own.headers.map(([name, value]) => [name, value.reveal()] as const);
  return { ...entry, key, own: { ...own, headers } };
}

function unpackEntry({ key, own, ...entry }: PackedEntry): EndpointEntry {
  const apiKey = new Secret(key);
  if (own === undefined) return { ...entry, apiKey };
  const headers = own.headers.map(([name, value]) => [name, new Secret(value)] as const);
  return { ...entry, apiKey, own: { ...own, headers } };
}
