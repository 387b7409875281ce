/** The event of a client of GitHub: it waits, and why. */
export interface GitHubEvent {
  readonly type: 'note';
  readonly text: string;
}
