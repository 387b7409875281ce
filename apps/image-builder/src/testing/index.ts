export type { AttestPlan } from '../attest/attest.ts';
export { command as attestCommand } from '../commands/attest.ts';
export type { Environment } from '../commands/environment.ts';
export { command as publishCommand } from '../commands/publish.ts';
export { command as sbomCommand } from '../commands/sbom.ts';
export { planTags } from '../images/tags.ts';
export { gateFile, HUNG } from './gates.ts';
export { type MadeCheckout, madeCheckout } from './made-checkout.ts';
export { lockedMade } from './packages.ts';
