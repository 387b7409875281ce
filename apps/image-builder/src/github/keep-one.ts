import type { GitHub } from './client.ts';

/** A pull request or an issue; GitHub counts both as issues. */
export interface Thread {
  readonly number: number;
  readonly state: string;
  readonly title: string;
  readonly body?: string | null | undefined;
  readonly html_url: string;
  readonly merged_at?: string | null | undefined;
}

export interface WantedThread {
  readonly title: string;
  readonly body: string;
  /** A line of the body, the same as long as the matter is. */
  readonly marker: string;
}

export interface KeptThread {
  readonly number: number;
  readonly url: string;
  readonly action: 'opened' | 'updated' | 'unchanged' | 'declined';
}

/** The thread in which a person closed this very matter, where none is open: it is not raised again. */
export function declinedIn(threads: readonly Thread[], { marker }: WantedThread): KeptThread | null {
  if (threads.some(({ state }) => state === 'open')) return null;
  const closed = threads.find(({ merged_at, body }) => !merged_at && body?.includes(marker));
  return closed === undefined ? null : { number: closed.number, url: closed.html_url, action: 'declined' };
}

/** GitHub's own editor ends lines in another way, and a text without a newline. */
export function isSameText(there: string | null | undefined, wanted: string): boolean {
  return (there ?? '').replaceAll('\r\n', '\n').trimEnd() === wanted.trimEnd();
}

/**
 * Sees to it that there is one open thread, and that it says what is wanted.
 * @param list all threads of the kind, open and closed
 */
export async function keepOne(
  github: GitHub,
  wanted: WantedThread,
  list: () => Promise<readonly Thread[]>,
  open: () => Promise<Thread>,
): Promise<KeptThread> {
  let opened = false;
  const thread = await github.ensure(
    async () => (await list()).find(({ state }) => state === 'open'),
    () => {
      opened = true;
      return open();
    },
  );
  const { title, body } = wanted;
  const isSame = thread.title === title && isSameText(thread.body, body);
  if (!isSame) {
    await github.api.rest.issues.update({
      ...github.repository,
      issue_number: thread.number,
      title,
      body,
    });
  }
  const action = opened ? 'opened' : isSame ? 'unchanged' : 'updated';
  return { number: thread.number, url: thread.html_url, action };
}
