import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of a private certificate authority, and of what it has signed. */
export interface Certificates {
  readonly ca: string;
  /** For a server at 127.0.0.1, ::1, localhost and the names asked for. */
  readonly server: { readonly key: string; readonly cert: string };
  /** For a client. */
  readonly client: { readonly key: string; readonly cert: string };
}

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** Makes them in a folder, with openssl. */
export function makeCertificates(folder: string, serverNames = ['registry.test']): Certificates {
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const names = serverNames.map((name) => `DNS:${name}`).join();
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.crt'),
    '-days',
    '2',
    '-subj',
    '/CN=test CA',
  );
  const sign = (name: string, extensions: string) => {
    const [key, request, cert] = [file(`${name}.key`), file(`${name}.csr`), file(`${name}.cert`)];
    writeFileSync(file(`${name}.ext`), extensions);
    openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=test ${name}`);
    const authority = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial'];
    openssl(
      'x509',
      '-req',
      '-in',
      request,
      ...authority,
      '-out',
      cert,
      '-days',
      '2',
      '-extfile',
      file(`${name}.ext`),
    );
    return { key, cert };
  };
  return {
    ca: file('ca.crt'),
    server: sign(
      'server',
      `subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost,${names}\nextendedKeyUsage=serverAuth\n`,
    ),
    client: sign('client', 'extendedKeyUsage=clientAuth\n'),
  };
}

/** The text of a pair of files. */
export function pemOf({ key, cert }: { key: string; cert: string }): { key: string; cert: string } {
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}
