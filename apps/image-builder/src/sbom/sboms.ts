import type { BillOfMaterials } from './bill-of-materials.ts';
import { CYCLONEDX, cyclonedx } from './cyclonedx.ts';
import { SPDX, spdx } from './spdx.ts';

export const SBOM_FORMATS = ['cyclonedx', 'spdx'] as const;
export type SbomFormat = (typeof SBOM_FORMATS)[number];

/** A format of bills of materials: how it is made, and what it is called where it is attached and attested. */
export interface Sbom {
  readonly mediaType: string;
  readonly predicateType: string;
  make(bill: BillOfMaterials): object;
}

export const SBOMS: Readonly<Record<SbomFormat, Sbom>> = {
  cyclonedx: { ...CYCLONEDX, make: cyclonedx },
  spdx: { ...SPDX, make: spdx },
};
