export { type OpenedGitHub, openedGitHub } from './open.ts';
export {
  after,
  answers,
  cutsAfter,
  type Fault,
  type GitHubServer,
  losesAnswer,
  startGitHub,
} from './server.ts';
export type { Repository } from './store.ts';
