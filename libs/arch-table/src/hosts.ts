import type { GuestName } from './guests.ts';

/** One platform that the images run on. */
export interface HostRow {
  /** OCI platform. */
  readonly os: 'linux';
  readonly architecture: string;
  readonly variant?: string;
  readonly debian: string;
  /** `uname -m`; names the host in one-host tags such as `x86_64-aarch64`. */
  readonly uname: string;
  /** The guest that is this CPU: its row says which ELF files the host runs. */
  readonly cpu: GuestName;
}

/** Every host platform, by its OCI name. */
export const HOSTS = {
  'linux/amd64': { os: 'linux', architecture: 'amd64', debian: 'amd64', uname: 'x86_64', cpu: 'x86_64' },
  'linux/arm64': { os: 'linux', architecture: 'arm64', debian: 'arm64', uname: 'aarch64', cpu: 'aarch64' },
  'linux/arm/v7': {
    os: 'linux',
    architecture: 'arm',
    variant: 'v7',
    debian: 'armhf',
    uname: 'armv7l',
    cpu: 'arm',
  },
  'linux/386': { os: 'linux', architecture: '386', debian: 'i386', uname: 'i686', cpu: 'i386' },
  'linux/loong64': {
    os: 'linux',
    architecture: 'loong64',
    debian: 'loong64',
    uname: 'loongarch64',
    cpu: 'loongarch64',
  },
  'linux/ppc64le': {
    os: 'linux',
    architecture: 'ppc64le',
    debian: 'ppc64el',
    uname: 'ppc64le',
    cpu: 'ppc64le',
  },
  'linux/riscv64': {
    os: 'linux',
    architecture: 'riscv64',
    debian: 'riscv64',
    uname: 'riscv64',
    cpu: 'riscv64',
  },
  'linux/s390x': { os: 'linux', architecture: 's390x', debian: 's390x', uname: 's390x', cpu: 's390x' },
} as const satisfies Record<string, HostRow>;

/** OCI name of a host platform: `linux/arm/v7`. */
export type HostPlatform = keyof typeof HOSTS;

/** Every host platform, in the order of the table. */
export const HOST_PLATFORMS = Object.keys(HOSTS) as readonly HostPlatform[];

/** A host's row, widened to its common shape. */
export function host(platform: HostPlatform): HostRow {
  return HOSTS[platform];
}
