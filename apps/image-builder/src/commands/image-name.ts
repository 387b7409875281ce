import type { ImageName } from '@qemu-user-static/oci-image';
import type { Environment } from './environment.ts';

/** What an image is called in an engine: as it is published, unless another repository is asked for. */
export function imageName(
  { image, repository }: { readonly image: string; readonly repository?: string },
  { source }: Pick<Environment, 'source'>,
): ImageName {
  return { repository: repository ?? new URL(source).pathname.slice(1), tag: image };
}
