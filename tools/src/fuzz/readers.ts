import type { Sample } from './inputs.ts';

/** A reader of outside data. It ends in a coded error, or with what is right; anything else is a failure. */
export interface Reader {
  readonly name: string;
  /** Documents that it takes. It is given their kind: bytes for bytes, text for text and JSON. */
  readonly samples: readonly Sample[];
  read(input: never): unknown;
}

/** The parts of the project that read outside data. Each describes its readers beside them. */
const PARTS: Readonly<Record<string, () => Promise<{ readers(): Promise<Reader[]> | Reader[] }>>> = {
  'debian-archive': () => import('@qemu-user-static/debian-archive/testing/readers'),
  'oci-image': () => import('@qemu-user-static/oci-image/testing/readers'),
  'oci-registry': () => import('@qemu-user-static/oci-registry/testing/readers'),
  github: () => import('@qemu-user-static/github/testing/readers'),
  lock: () => import('@qemu-user-static/lock/testing/readers'),
  register: () => import('@qemu-user-static/register/testing/readers'),
  'image-builder': () => import('@qemu-user-static/image-builder/testing/readers'),
};

export const PART_NAMES = Object.keys(PARTS);

/** @param part one of `PART_NAMES` */
export async function readersOf(part: string): Promise<readonly Reader[]> {
  const load = PARTS[part];
  if (load === undefined) throw new RangeError(`no part ${part}`);
  return (await load()).readers();
}
