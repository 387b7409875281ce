export { type GitHub, openGitHub } from './client.ts';
export { GITHUB_ERRORS, GitHubError, GitHubSettingError, hasStatus } from './errors.ts';
export type { GitHubEvent } from './events.ts';
export { ignoreMissing } from './ignore-missing.ts';
export {
  isOurThread,
  isSameText,
  type KeptThread,
  keepOne,
  markerOf,
  type Thread,
  type WantedThread,
  withdraw,
} from './keep-one.ts';
export { hasNext, listAll } from './list-all.ts';
export { parseApiAddress, parseRepository, parseToken } from './settings.ts';
