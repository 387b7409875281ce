import {
  CodedError,
  type ErrorCatalogue,
  isCodedError,
  isLimit,
  RESOURCES_EXHAUSTED,
} from '@qemu-user-static/errors';

/** The errors of the release tooling itself. */
export const BUILDER_ERRORS = {
  LOCK_OUTDATED: {
    meaning: 'The lock is not what `update` would write now.',
    remedy: 'Run `npm run update` and commit sources.lock.json.',
  },
  PLATFORM_UNAVAILABLE: {
    meaning: 'The channel does not have the requested host platform.',
    remedy: 'Choose a platform that sources.json lists for the channel: --platform=linux/amd64',
  },
  PLATFORM_NOT_IN_LAYOUT: {
    meaning: 'The layout has the image, and not for this host platform.',
    remedy:
      'Choose a platform that the message lists, or build it: npm run release -- --platform=linux/arm64',
  },
  RECIPE_UNSUPPORTED: {
    meaning: 'Dockerfile.template has an instruction that the built-in builder does not support.',
    remedy:
      'Keep to FROM scratch, COPY of a folder or file, ENV, LABEL, WORKDIR /, ENTRYPOINT and CMD; or let an engine build that image: `npx --no image-builder build --builder docker`.',
  },
  EMULATOR_INVALID: {
    meaning: 'A file of the package is not the static emulator for the host that it should be.',
    remedy:
      'Debian may have changed the package. List its files, dpkg-deb --contents FILE, and correct `emulators` of the channel in sources.json; then run `npm run update`.',
  },
  PACKAGE_CONTENT_MISSING: {
    meaning: 'A package lacks a file that the images need.',
    remedy:
      'Debian may have moved the file. List the files of the package, dpkg-deb --contents FILE, and correct `files` of the channel in sources.json; then run `npm run update`.',
  },
  IMAGE_UNKNOWN: {
    meaning: 'The layout does not have an image of this name.',
    remedy: 'Choose an image that the message lists: --image latest',
  },
  CHECK_FAILED: {
    meaning:
      'The layout is not what the lock and this checkout give: a blob, a document or a file in an image differs.',
    remedy:
      'Do not publish the layout. Remove it and build it again: `rm -r dist/oci && npm run release`. If the same message comes again, report it as a bug.',
  },
  EMULATORS_NOT_RUN: {
    meaning:
      'No folder allows programs to be run from it: the file systems are mounted noexec. So the emulators cannot be tried.',
    remedy:
      'Name a folder of another file system for temporary files: `TMPDIR=$HOME npx --no image-builder check`.',
  },
  LAYOUTS_DIFFER: {
    meaning:
      'A layout has other images than the lock and Dockerfile.template of this checkout give, or two layouts disagree.',
    remedy: 'Build every layout again from the commit that is checked out: `npx --no image-builder build`.',
  },
  PLATFORMS_MISSING: {
    meaning:
      'The layouts lack a host platform that the lock has: it would vanish from the tags that are moved.',
    remedy:
      'Add the missing layout: --layout FOLDER; or, with publish, attest and merge, choose platforms that you have: --platform=linux/amd64',
  },
  TAG_IMMUTABLE: {
    meaning:
      'A tag that never moves exists in the registry with another digest. It was not changed, and no tag that moves was written.',
    remedy:
      'Raise the rebuild number, which gives new tags, and build again: `npm run update && git commit --all --message=lock && npm run release`.',
  },
  TAG_NOT_KEPT: {
    meaning: 'A tag that was published has another digest, or is missing, when it is read back.',
    remedy:
      'Find out who else publishes to the repository, then run `npx --no image-builder publish … --push` again.',
  },
  REMOTE_DIFFERS: {
    meaning: 'A registry does not serve what the lock and Dockerfile.template give, or parts are missing.',
    remedy:
      'Check out the commit that the tag was made from: `git log -S` with its label io.github.qemu-user-static.inputs finds it. If it is this commit, do not use the images; `npx --no image-builder publish --thorough --push` restores missing parts.',
  },
  GATE_UNREADABLE: {
    meaning: 'A verdict on the checks of guest programs is missing, or is not one. Nothing was sent.',
    remedy:
      'Run the checks, which write it: `npm run conformance -- --gate --version latest --linking static freestanding --case checks`; then pass it: --gate dist/conformance/gate.json. In GitHub Actions, run the failed job `conformance` again.',
  },
  GATE_INCOMPLETE: {
    meaning:
      'The verdicts on the checks of guest programs leave out a channel, or are of other packages than the lock has. Nothing was sent.',
    remedy:
      'Run the checks of that channel: `npm run conformance -- --gate --version latest --linking static freestanding --case checks`; then pass every verdict: --gate FILE. In GitHub Actions, run the failed job `conformance` again.',
  },
  IMAGES_NOT_PUBLISHED: {
    meaning: 'Documents cannot be attached to images that the repository does not have. Nothing was sent.',
    remedy: 'Run `npx --no image-builder publish --push` with the same options first.',
  },
  SIGNER_MISSING: {
    meaning: 'Documents would be attached to images without a signature. Nothing was sent.',
    remedy:
      'Pass --key FILE, or run in GitHub Actions with `permissions: id-token: write`; or pass --unsigned to attach them without signatures.',
  },
  ATTESTATION_NOT_KEPT: {
    meaning: 'A document was attached to an image, and the registry does not list it.',
    remedy:
      'Find out who else attaches to the same images, then run `npx --no image-builder attest … --push` again: it attaches what is missing.',
  },
  COMMIT_UNKNOWN: {
    meaning:
      'The git commit for the provenance cannot be determined: git is missing, this is not a clone, or files differ from the commit.',
    remedy:
      'Run the command in a clone of the repository, and commit or remove the files that the message lists: `git status --ignored apps libs`.',
  },
  FILE_SYSTEM: {
    meaning:
      'A file or folder cannot be read or written: no space, no permission, a read-only or a missing place.',
    remedy:
      'Free disk space or correct the permissions of the place that the message names: `df -h . && ls -ld FOLDER`. Or choose another folder: --layout FOLDER, --output FOLDER, --assets FOLDER or --cache FOLDER.',
  },
  WORKING_FOLDER_GONE: {
    meaning: 'The folder that the command was started in was removed.',
    remedy: 'Change to a folder that exists, and run the command again: cd "$HOME"',
  },
  RESOURCES_EXHAUSTED,
  SMOKE_FAILED: {
    meaning: 'The images failed the test on the container engine.',
    remedy:
      'Do not publish the images. The message names each emulator or step that failed. After a fix, try again: `npx --no image-builder smoke`.',
  },
  SMOKE_IMPOSSIBLE: {
    meaning: 'The images cannot be tried on this engine without harm, or at all.',
    remedy:
      'Build the image of the engine’s own platform, remove the emulators that are registered (IMAGE --uninstall all), or choose another engine: `DOCKER_HOST=unix:///run/docker.sock npx --no image-builder smoke`.',
  },
  GITHUB_TOKEN_MISSING: {
    meaning: 'The command writes to GitHub, and no token is set.',
    remedy:
      'Set GITHUB_TOKEN or GH_TOKEN to a token that may write contents, pull requests and issues of the repository: `export GITHUB_TOKEN=…`.',
  },
  BASE_DIFFERS: {
    meaning: 'The base branch of the pull request has another sources.lock.json than this checkout.',
    remedy: 'Check out the newest commit of that branch (`git pull`), and run the command again.',
  },
  BRANCH_FOREIGN: {
    meaning: 'The branch that `track` writes ends in a commit of someone else, which would be lost.',
    remedy:
      'Merge the pull request, or remove the commit from the branch; then run `npx --no image-builder track --pull-request` again. Do not delete the branch: that closes the pull request, which counts as a refusal.',
  },
  PERSON_NEEDED: {
    meaning: 'Upstream has a change that needs a decision.',
    remedy:
      'Follow the report. To open an issue for it on GitHub, after which this is not a failure: `npx --no image-builder track --issue`.',
  },
  RELEASE_DIFFERS: {
    meaning: 'A release is published on GitHub with other files. It was not changed.',
    remedy:
      'Run `npm run update`: it raises the rebuild number of what changed, which gives a new release. Commit sources.lock.json and build again.',
  },
  TAG_ELSEWHERE: {
    meaning:
      'The tag of the release exists in git on another commit than the one that is checked out. Nothing was sent.',
    remedy:
      'Check out the commit of the tag and build there: `git checkout TAG`. If nobody uses the tag yet, remove it: `git push --delete origin TAG`.',
  },
  ASSET_NOT_KEPT: {
    meaning: 'A file of a release on GitHub differs from what was sent. The release stays a draft.',
    remedy:
      'Send the file again: `npx --no image-builder github-release --push`. If the error stays, the file on disk may be damaged: `rm -r dist/github`.',
  },
  PUSH_REFUSED: {
    meaning: 'A registry would not take a push from this login. Nothing was sent.',
    remedy:
      'Log in as a user who may write to the repository: docker login REGISTRY; docs/publish.md#credentials lists other places. Then try again: npx --no image-builder check-push --repository=REPOSITORY',
  },
  NODE_TOO_OLD: {
    meaning: 'The Node that runs the command is older than the project’s code.',
    remedy: 'Use the Node that `npm ci` installs: npm ci && npx --no image-builder help',
  },
  REPOSITORY_INVALID: {
    meaning:
      'package.json does not name the repository of this project, which gives images their name and source.',
    remedy: 'Set it in package.json: "repository": { "type": "git", "url": "https://github.com/OWNER/REPO" }',
  },
  USAGE: {
    meaning: 'The command line, or a variable that goes with it, is not understood.',
    remedy: 'Read the help: `npx --no image-builder help COMMAND`.',
  },
} as const satisfies ErrorCatalogue;

/** Errors that are the caller's wrong usage: exit status 2. */
export const USAGE_ERRORS: ReadonlySet<string> = new Set([
  'USAGE',
  'GITHUB_SETTING_INVALID',
  'CHANNEL_UNKNOWN',
  'PLATFORM_UNAVAILABLE',
  'PLATFORM_NOT_IN_LAYOUT',
  'IMAGE_UNKNOWN',
  'REFERENCE_INVALID',
  'MIRROR_INVALID',
]);

export type BuilderErrorCode = keyof typeof BUILDER_ERRORS;

export class BuilderError extends CodedError<BuilderErrorCode> {
  constructor(code: BuilderErrorCode, message: string, cause?: unknown) {
    super(BUILDER_ERRORS, code, message, cause);
  }
}

/** A failure of the system as an error for a person; anything else as it is. */
export function asFileSystemError(error: unknown): unknown {
  const limit = limitBehind(error);
  if (isCodedError(error) && (limit === undefined || error.code === 'RESOURCES_EXHAUSTED')) return error;
  if (limit !== undefined) return new BuilderError('RESOURCES_EXHAUSTED', limit.message, error);
  const { code, syscall, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  if (code === undefined || syscall === undefined) return error;
  if (syscall === 'uv_cwd')
    return new BuilderError(
      'WORKING_FOLDER_GONE',
      'the folder that the command was started in does not exist any more',
      error,
    );
  return new BuilderError('FILE_SYSTEM', message ?? code, error);
}

/** The limit of the machine that an error comes from: whatever its code blames has nothing to do with it. */
function limitBehind(error: unknown): Error | undefined {
  const causes: unknown[] = [error];
  for (const cause of causes) if (cause instanceof Error) causes.push(cause.cause);
  return causes.find(isLimit);
}
