export type { AttestPlan } from '../attest/attest.ts';
export { attestCommand } from '../commands/attest.ts';
export type { Environment } from '../commands/environment.ts';
export { publishCommand } from '../commands/publish.ts';
export { sbomCommand } from '../commands/sbom.ts';
export { type MadeCheckout, madeCheckout } from './made-checkout.ts';
export { lockedMade } from './packages.ts';
