/** Reads and checks the certificate of the API listener before anything is started. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Config } from '../config/schema.ts';

export interface TlsTexts {
  /** PEM texts; both empty = plain HTTP. */
  readonly tlsCert: string;
  readonly tlsKey: string;
}

/**
 * The texts, or one sentence that says what is wrong with which file. Relative paths start at the
 * folder of the configuration, `dir`.
 */
export async function readTlsFiles({ server }: Config, dir: string): Promise<TlsTexts | string> {
  const { tlsCertFile, tlsKeyFile } = server;
  if (tlsCertFile === '' && tlsKeyFile === '') return { tlsCert: '', tlsKey: '' };
  if (tlsCertFile === '' || tlsKeyFile === '') {
    return 'server.tls_cert_file and server.tls_key_file go together: set both or neither';
  }
  const texts: string[] = [];
  for (const file of [tlsCertFile, tlsKeyFile]) {
    try {
      texts.push(await readFile(resolve(dir, file), 'utf8'));
    } catch (error) {
      return `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`;
    }
  }
  const [tlsCert = '', tlsKey = ''] = texts;
  try {
    createSecureContext({ cert: tlsCert, key: tlsKey });
  } catch {
    // OpenSSL's own words may quote the file; which pair it is says enough.
    return `${tlsCertFile} and ${tlsKeyFile} are not a PEM certificate and its key`;
  }
  return { tlsCert, tlsKey };
}
