export type { Traits } from './api.ts';
export type { Fault, Injection } from './faults.ts';
export {
  type RegistryServer,
  type RegistryServerSettings,
  type SeenRequest,
  startRegistryServer,
} from './registry-server.ts';
export type { Store } from './store.ts';
export type { Lock, TokenRequest } from './tokens.ts';
