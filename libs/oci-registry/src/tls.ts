import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, getCACertificates } from 'node:tls';
import { LocalContentError } from './errors.ts';

/** The options of a TLS connection to one host; empty for Node's own trust and no client certificate. */
interface TlsMaterial {
  readonly ca?: readonly string[];
  readonly cert?: readonly string[];
  readonly key?: readonly string[];
}

/** Where Docker and Podman keep a folder per registry, named as the registry is. */
export const defaultCertificateFolders = ['/etc/docker/certs.d', '/etc/containers/certs.d'];

/**
 * The certificates for one host: the authority in `caFile`, then those of the first folder that has one
 * named `<host>` or `<host>:<port>`, where `*.crt` are authorities and `NAME.cert` with `NAME.key` is a client certificate.
 * Private authorities are trusted beside the public ones.
 * https://docs.docker.com/engine/security/certificates/
 *
 * @throws LocalContentError REGISTRY_CERTIFICATES_UNREADABLE
 */
export async function readTlsMaterial(
  host: string,
  caFile: string | undefined,
  folders: readonly string[],
): Promise<TlsMaterial> {
  const { folder, files } = await firstFolder(folders, host);
  const read = (extension: string) =>
    Promise.all(files.filter((name) => name.endsWith(extension)).map((name) => readPem(join(folder, name))));
  const lonely = files.find((name) => {
    const partner = name.endsWith('.cert') ? name.replace(/cert$/, 'key') : name.replace(/key$/, 'cert');
    return partner !== name && !files.includes(partner);
  });
  if (lonely !== undefined) throw unreadable(`${join(folder, lonely)} has no key or certificate beside it`);
  const ca = [...(caFile === undefined ? [] : [await readPem(caFile)]), ...(await read('.crt'))];
  const [cert, key] = [await read('.cert'), await read('.key')];
  return {
    ...(ca.length > 0 && { ca: [...getCACertificates('default'), ...ca] }),
    ...(cert.length > 0 && { cert, key }),
  };
}

async function firstFolder(
  folders: readonly string[],
  host: string,
): Promise<{ folder: string; files: string[] }> {
  for (const folder of folders.map((parent) => join(parent, host))) {
    try {
      return { folder, files: (await readdir(folder)).sort() };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw unreadable(`${folder} cannot be listed`, error);
    }
  }
  return { folder: '', files: [] };
}

async function readPem(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(`${path} cannot be read`, error);
  });
  if (!text.includes('-----BEGIN ')) throw unreadable(`${path} is not a PEM file`);
  return text;
}

function unreadable(message: string, cause?: unknown): LocalContentError {
  return new LocalContentError('REGISTRY_CERTIFICATES_UNREADABLE', message, cause);
}

const PROBE_MS = 2_000;

/**
 * Whether a server on this machine speaks TLS. Sends nothing but a handshake, and trusts nothing it
 * learns by it: the real connection verifies.
 */
export function speaksTls(url: URL): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 443),
    rejectUnauthorized: false,
    timeout: PROBE_MS,
  });
  socket
    .on('secureConnect', () => resolve(true))
    .on('error', () => resolve(false))
    .on('timeout', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
