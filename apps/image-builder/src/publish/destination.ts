import type { Repository } from '@qemu-user-static/oci-registry';

/** A repository of a registry that receives the images. */
export interface Destination {
  readonly registry: string;
  readonly repository: string;
  readonly client: Repository;
}

/** `ghcr.io/owner/name`. */
export function nameOf({ registry, repository }: Pick<Destination, 'registry' | 'repository'>): string {
  return `${registry}/${repository}`;
}
