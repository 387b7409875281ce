import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import type { LockEvent } from '@qemu-user-static/lock';
import type { Digest } from '@qemu-user-static/oci-image';
import type { RegistryEvent } from '@qemu-user-static/oci-registry';

export const STAGES = [
  'update',
  'fetch',
  'build',
  'check',
  'smoke',
  'plan',
  'publish',
  'attest',
  'verify-remote',
  'github-release',
] as const;
export type Stage = (typeof STAGES)[number];

/** The things that a long part of a run counts. */
export type Unit = 'platforms' | 'layers' | 'emulators' | 'requests' | 'images' | 'files';

/** The events of a run, which the reporter prints. */
export type BuilderEvent =
  | LockEvent
  | { readonly type: 'stage'; readonly stage: Stage }
  | { readonly type: 'stage-done'; readonly stage: Stage; readonly milliseconds: number }
  | { readonly type: 'mirror'; readonly url: string; readonly from: string }
  /** So many are now to be worked on, of so many bytes together where that is known. */
  | { readonly type: 'expected'; readonly unit: Unit; readonly count: number; readonly bytes?: number }
  | { readonly type: 'blob-damaged'; readonly digest: Digest }
  | { readonly type: 'layers-reused'; readonly platform: HostPlatform }
  | { readonly type: 'emulator-done'; readonly platform: HostPlatform; readonly guest: GuestName }
  | { readonly type: 'layers-joined'; readonly platform: HostPlatform }
  | { readonly type: 'layer-checked'; readonly digest: Digest; readonly size: number }
  | { readonly type: 'emulator-ran' }
  /** A registry answered one of the expected requests. */
  | { readonly type: 'answered' }
  /** All documents of an image are attached. */
  | { readonly type: 'image-attested' }
  | { readonly type: 'registry'; readonly registry: string; readonly event: RegistryEvent }
  /** `bytes` are about to be sent to a repository. */
  | {
      readonly type: 'sending';
      readonly registry: string;
      readonly repository: string;
      readonly bytes: number;
    }
  | { readonly type: 'asset-sent'; readonly name: string; readonly size: number };

export type OnEvent = (event: BuilderEvent) => void;

/** Runs one stage and reports how long it took. */
export async function stage<T>(name: Stage, onEvent: OnEvent, work: () => Promise<T>): Promise<T> {
  onEvent({ type: 'stage', stage: name });
  const begun = performance.now();
  const result = await work();
  onEvent({ type: 'stage-done', stage: name, milliseconds: performance.now() - begun });
  return result;
}
