import type { ArchiveEvent } from '@qemu-user-static/debian-archive';

/** What `update` reports on its way. */
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
