import { hash } from 'node:crypto';

/** The data of one repository on GitHub, as far as it is used here. Numbers and ids count up from 1. */
export class Repository {
  readonly defaultBranch = 'main';
  readonly blobs = new Map<string, Buffer>();
  readonly trees = new Map<string, ReadonlyMap<string, string>>();
  readonly commits = new Map<string, Commit>();
  /** Annotated tags: the commit that each is on. */
  readonly annotations = new Map<string, string>();
  /** Without `refs/`: `heads/main`, `tags/v1.0.0`. */
  readonly refs = new Map<string, string>();
  readonly threads: Thread[] = [];
  readonly releases: Release[] = [];
  #ids = 0;

  id(): number {
    this.#ids += 1;
    return this.#ids;
  }

  blob(content: Buffer | string): string {
    const bytes = Buffer.from(content);
    const sha = hash('sha1', Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]));
    this.blobs.set(sha, bytes);
    return sha;
  }

  tree(entries: ReadonlyMap<string, string>): string {
    const sha = hash('sha1', `tree ${JSON.stringify([...entries])}`);
    this.trees.set(sha, entries);
    return sha;
  }

  commit(commit: Commit): string {
    const sha = hash('sha1', `commit ${JSON.stringify(commit)}`);
    this.commits.set(sha, commit);
    return sha;
  }

  /** A commit with these files on a branch, over what is there. */
  push(branch: string, message: string, files: Readonly<Record<string, string>>): string {
    const parent = this.refs.get(`heads/${branch}`);
    const before = this.trees.get(this.commits.get(parent ?? '')?.tree ?? '') ?? new Map();
    const tree = new Map(before);
    for (const [path, content] of Object.entries(files)) tree.set(path, this.blob(content));
    const sha = this.commit({
      message,
      tree: this.tree(tree),
      parents: parent === undefined ? [] : [parent],
    });
    this.refs.set(`heads/${branch}`, sha);
    return sha;
  }

  /** A tag with a text of its own, for `refs`. */
  annotate(commit: string): string {
    const sha = hash('sha1', `tag ${commit}`);
    this.annotations.set(sha, commit);
    return sha;
  }

  /** A file's text on a branch. */
  read(branch: string, path: string): string | undefined {
    const commit = this.commits.get(this.refs.get(`heads/${branch}`) ?? '');
    const sha = this.trees.get(commit?.tree ?? '')?.get(path);
    return this.blobs.get(sha ?? '')?.toString();
  }
}

export interface Commit {
  readonly message: string;
  readonly tree: string;
  readonly parents: readonly string[];
}

/** An issue, or a pull request where it has a `head`. */
export interface Thread {
  readonly number: number;
  title: string;
  body: string;
  state: string;
  readonly labels: readonly string[];
  readonly head?: string;
  readonly base?: string;
  mergedAt: string | null;
  /** Why an issue was closed: `completed` if nobody said otherwise, or `not_planned`. */
  stateReason?: string | null;
}

export interface Release {
  readonly id: number;
  tag_name: string;
  target_commitish: string;
  name: string;
  body: string;
  draft: boolean;
  prerelease: boolean;
  make_latest: string;
  published_at: string | null;
  readonly assets: Asset[];
}

export interface Asset {
  readonly id: number;
  readonly name: string;
  readonly contentType: string;
  /** `starter` is what is left of an upload that was cut. */
  state: 'starter' | 'uploaded';
  size: number;
  digest: string | null;
  /** Where the bytes are. */
  readonly file: string;
}
