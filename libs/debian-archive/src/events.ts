import type { ArchiveError } from './errors.ts';
import type { ArchiveFile } from './files.ts';

/** The events of a fetch, to show progress. Sizes in bytes, delays in milliseconds. */
export type ArchiveEvent =
  | { readonly type: 'cache-hit'; readonly file: ArchiveFile }
  /** The file in the cache was not what its name says; it is fetched again and replaced. */
  | { readonly type: 'cache-damaged'; readonly file: ArchiveFile }
  /** `url` has no credentials in it; `resumedAt` is 0 unless an earlier download continues. */
  | {
      readonly type: 'fetch-start';
      readonly file: ArchiveFile;
      readonly url: string;
      readonly resumedAt: number;
    }
  | { readonly type: 'fetch-progress'; readonly file: ArchiveFile; readonly received: number }
  | {
      readonly type: 'fetch-retry';
      readonly url: string;
      readonly error: ArchiveError;
      readonly delay: number;
    }
  | { readonly type: 'fetch-done'; readonly file: ArchiveFile }
  /** The mirror no longer has the file; the snapshot service is asked. */
  | { readonly type: 'snapshot'; readonly file: ArchiveFile };

export type OnArchiveEvent = (event: ArchiveEvent) => void;
