/** What a client of GitHub reports on its way: it waits, and why. */
export interface GitHubEvent {
  readonly type: 'note';
  readonly text: string;
}
