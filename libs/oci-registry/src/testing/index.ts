export type { Traits } from './api.ts';
export { type Certificates, hasOpenssl, makeCertificates, pemOf } from './certificates.ts';
export { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
export {
  type DockerRegistry,
  type DockerRegistrySettings,
  hasDockerRegistry,
  startDockerRegistry,
} from './docker-registry.ts';
export type { Fault, Injection } from './faults.ts';
export {
  type RegistryServer,
  type RegistryServerSettings,
  type SeenRequest,
  startRegistryServer,
} from './registry-server.ts';
export type { Store } from './store.ts';
export { startTokenServer, type TokenServer, type TokenServerSettings } from './token-server.ts';
export type { Lock, TokenRequest } from './tokens.ts';
