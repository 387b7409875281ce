import {
  cacheFolder,
  chooseMirror,
  type FetchContext,
  loadArchiveKeys,
  openHttp,
  openSuite,
  readAptSources,
  SNAPSHOT_SERVICE,
  type Suite,
  type SuiteContext,
} from '@qemu-user-static/debian-archive';

const SUITES = {
  bookworm: { origin: 'Debian', suite: 'oldstable', codename: 'bookworm' },
  sid: { origin: 'Debian', suite: 'unstable', codename: 'sid' },
} as const;

export type SuiteName = keyof typeof SUITES;

/** Debian's archive as the suites take programs from it: signed, by way of the cache. */
export interface Debian {
  readonly context: FetchContext & SuiteContext;
  suite(name: SuiteName): Promise<Suite>;
}

/** The mirror that this machine's APT uses. */
export async function aptMirror(): Promise<URL> {
  const { url } = chooseMirror({
    option: undefined,
    environment: process.env,
    sources: undefined,
    aptConfiguration: await readAptSources(),
  });
  return url;
}

export async function withDebian<T>(work: (debian: Debian) => Promise<T>): Promise<T> {
  const http = openHttp(process.env);
  try {
    const mirror = await aptMirror();
    const context = {
      keys: await loadArchiveKeys(),
      now: new Date(),
      // A mirror may lag behind, and nothing of this is published.
      acceptExpired: true,
      cache: cacheFolder(process.env),
      http,
      mirror,
      snapshot: SNAPSHOT_SERVICE,
    };
    const opened = new Map<SuiteName, Promise<Suite>>();
    const open = (name: SuiteName) => {
      const suite = opened.get(name) ?? openSuite(mirror, SUITES[name], context);
      opened.set(name, suite);
      return suite;
    };
    return await work({ context, suite: open });
  } finally {
    await http.close();
  }
}
