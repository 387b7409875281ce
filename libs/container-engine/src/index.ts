export type { EngineBuild } from './build-image.ts';
export {
  type ContainerOutcome,
  type ContainerRun,
  connectEngine,
  type Engine,
  type Rights,
} from './engine.ts';
export { ENGINE_ERRORS, EngineError } from './errors.ts';
