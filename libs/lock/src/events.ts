import type { ArchiveEvent } from '@qemu-user-static/debian-archive';

/** The events of `update`. */
export type LockEvent =
  | ArchiveEvent
  | {
      readonly type: 'release-verified';
      readonly channel: string;
      readonly codename: string;
      readonly signedBy: string;
      readonly expired: boolean;
    }
  | { readonly type: 'note'; readonly text: string };
