import { machine } from 'node:os';
import { HOST_PLATFORMS, type HostPlatform, host } from '@qemu-user-static/arch-table';

/** The host platform that this machine is; null if it is none of the table's. */
export function ownPlatform(): HostPlatform | null {
  return HOST_PLATFORMS.find((platform) => host(platform).uname === machine()) ?? null;
}
