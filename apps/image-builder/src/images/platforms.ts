import { machine } from 'node:os';
import { HOST_PLATFORMS, type HostPlatform, host, hostNamed } from '@qemu-user-static/arch-table';
import type { Platform } from '@qemu-user-static/oci-image';

/** The host platform that this machine is; null if the table lacks it. */
export function ownPlatform(): HostPlatform | null {
  return HOST_PLATFORMS.find((platform) => host(platform).uname === machine()) ?? null;
}

/** A host platform as OCI descriptors and configs have it. */
export function ociPlatform(platform: HostPlatform): Platform {
  const { os, architecture, variant } = host(platform);
  return { architecture, os, ...(variant !== undefined && { variant }) };
}

/** An OCI platform in one word, `linux/arm/v7`, whether the table has it or not. */
export function platformName({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** The host platform that an image's config is for. @throws UnknownArchError */
export function hostPlatformOf(config: Platform): HostPlatform {
  return hostNamed(platformName(config));
}
