import { isLoopback, readProxies } from '@qemu-user-static/http';
import type { Dispatcher } from 'undici';
import type { Environment } from './credentials/environment.ts';
import { defaultCertificateFolders, readTlsMaterial } from './tls.ts';

export interface ConnectionSettings {
  /** At most so many connections to one host at a time; further requests wait for a free one. Default 8. */
  readonly connections?: number;
  /** A private certificate authority, for the registry, its token server and its blob storage. */
  readonly caFile?: string;
  /** Folders with a folder of certificates per host. Default: Docker's and Podman's in /etc. */
  readonly certificateFolders?: readonly string[];
  /** Where `http_proxy`, `https_proxy` and `no_proxy` are read, in lower or upper case. Default: nowhere. */
  readonly proxies?: Environment;
  /** Time limits, all in milliseconds. */
  readonly timeouts?: Timeouts;
}

export interface Timeouts {
  /** To connect. Default 10,000. */
  readonly connect?: number;
  /** Until an answer begins. Default 60,000 for GET and HEAD; else 300,000, as a registry may hash a large blob for minutes. */
  readonly answer?: number;
  /** Between two pieces of an answer. Default 60,000. */
  readonly idle?: number;
  /** For a body in all, beside the time that its bytes take at 16 KiB a second. Default 120,000. */
  readonly total?: number;
}

/** Kept-alive connections, by host. */
export interface Connections {
  /** `name` is what the host's folder of certificates is called. */
  to(url: URL, name: string): Promise<Dispatcher>;
  close(): Promise<void>;
}

export function createConnections(settings: ConnectionSettings): Connections {
  const pools = new Map<string, Promise<Dispatcher>>();
  const { timeouts = {}, caFile, connections = 8, certificateFolders = defaultCertificateFolders } = settings;

  async function open(url: URL, name: string): Promise<Dispatcher> {
    // Here and not above: it takes long to load, and most programs that import this library speak to no registry.
    const { EnvHttpProxyAgent } = await import('undici');
    const tls = url.protocol === 'https:' ? await readTlsMaterial(name, caFile, certificateFolders) : {};
    const connect = { timeout: timeouts.connect ?? 10_000, ...(tls as object) };
    return new EnvHttpProxyAgent({
      // This machine is reached without a proxy, whatever the variables say.
      ...readProxies(isLoopback(url.host) ? {} : (settings.proxies ?? {})),
      connections,
      connect,
      requestTls: connect,
      headersTimeout: timeouts.answer ?? 300_000,
      bodyTimeout: timeouts.idle ?? 60_000,
      // Uploads gain nothing from HTTP/2, and a stream that resets there is not a connection that drops.
      allowH2: false,
    });
  }

  return {
    to: (url, name) => {
      const pool = pools.get(url.origin) ?? open(url, name);
      pools.set(url.origin, pool);
      return pool;
    },
    close: async () => {
      const opened = await Promise.allSettled(pools.values());
      pools.clear();
      await Promise.all(
        opened.map(async (pool) => pool.status === 'fulfilled' && (await pool.value.destroy())),
      );
    },
  };
}
