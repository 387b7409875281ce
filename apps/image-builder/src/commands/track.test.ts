import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { losesAnswer } from '@qemu-user-static/github/testing';
import { parseLock } from '@qemu-user-static/lock';
import { describe, expect, test } from 'vitest';
import type { Gate } from '../images/gate.ts';
import { HUNG } from '../testing/gates.ts';
import { type Offered, type TrackedCheckout, trackedCheckout } from '../testing/tracked-checkout.ts';
import { keepIssue } from '../track/issue.ts';
import type { TrackReport } from '../track/report.ts';

const OLD: Offered = { 'linux/amd64': ['10.0.11', ['arm', 'hppa']], 'linux/arm/v7': ['10.0.11', ['arm']] };
const NEW: Offered = { 'linux/amd64': ['11.1.3', ['arm', 'hexagon']], 'linux/arm/v7': ['10.0.11', ['arm']] };
const BRANCH = 'track/sources-lock';

/** A checkout that follows an archive with `OLD`, and QEMU's repository with some tags. */
async function following(): Promise<TrackedCheckout> {
  const checkout = await trackedCheckout();
  const qemu = checkout.server.repository('qemu/qemu');
  for (const tag of ['v10.0.11', 'v10.0.12', 'v11.1.3', 'v11.2.0-rc0']) qemu.refs.set(`tags/${tag}`, '0');
  await checkout.offer(OLD);
  await checkout.adopt();
  return checkout;
}

/** The same, and the archive has `NEW` by now. */
async function behind(): Promise<TrackedCheckout> {
  const checkout = await following();
  await checkout.offer(NEW);
  return checkout;
}

const writes = ({ server }: TrackedCheckout) =>
  server.requests.filter((request) => !request.startsWith('GET'));
const pulls = ({ repository }: TrackedCheckout) =>
  repository.threads.filter(({ head }) => head !== undefined);

describe('nothing new', () => {
  test('is silent, and costs a request a channel, one a hundred tags of QEMU, and one for what is open of each kind', async () => {
    const checkout = await following();
    await checkout.track();
    checkout.mirror.seen.length = 0;
    checkout.server.requests.length = 0;
    checkout.reported.length = 0;

    const { text, value, failure } = await checkout.track({ pullRequest: true, issue: true });
    expect([text, failure]).toEqual(['', undefined]);
    expect((value as TrackReport).isNews).toBe(false);
    expect(
      checkout.mirror.seen.map(({ url, headers }) => [url, headers['if-none-match'] !== undefined]),
    ).toEqual([['/dists/sid/InRelease', true]]);
    expect(checkout.server.requests).toEqual([
      'GET /repos/qemu/qemu/tags?per_page=100&page=1 304',
      'GET /repos/o/r/issues?labels=track&state=open&per_page=100&page=1 200',
      'GET /repos/o/r/pulls?head=o%3Atrack%2Fsources-lock&state=open&per_page=100&page=1 200',
    ]);
    expect(checkout.reported.map(({ type }) => type)).toEqual(['mirror']);
  });

  test('is silent as well where only the Release is newer', async () => {
    const checkout = await following();
    await checkout.offer(OLD);
    expect((await checkout.track()).text).toBe('');
  });
});

describe('the report', () => {
  test('reports what is new, for which platform, what lags behind, and what left the pool', async () => {
    const checkout = await behind();
    const { text, value } = await checkout.track();
    expect(text).toContain('  - latest linux/amd64 qemu-user: 1:10.0.11+ds-1 → 1:11.1.3+ds-1\n');
    expect(text).toContain('  - images of QEMU 11.1.3: build 1\n');
    expect(text).toContain('QEMU 11.1.3 is the newest release, 11.2.0-rc0 the candidate of the next');
    expect(text).toMatch(/latest +linux\/amd64 +11\.1\.3 +no\n/);
    expect(text).toMatch(
      /latest +linux\/arm\/v7 +10\.0\.11 +2 releases \(major\); 10\.0\.12 is the newest of its line/,
    );
    expect(value).toMatchObject({
      isNews: true,
      changes: [{ platform: 'linux/amd64', part: 'emulators', now: { version: '1:11.1.3+ds-1' } }],
      vanished: ['pool/main/h/qemu-user/qemu-user_10.0.11+ds-1_amd64.deb'],
      findings: [],
    });
    expect(writes(checkout)).toEqual([]);
  });

  test('reports what is new where the run before found nothing', async () => {
    const checkout = await following();
    expect((await checkout.track()).text).not.toContain('the lock would change');
    await checkout.offer(NEW);
    expect((await checkout.track()).text).toContain('qemu-user: 1:10.0.11+ds-1 → 1:11.1.3+ds-1\n');
    // It is still news the next time.
    expect((await checkout.track()).text).toContain('qemu-user: 1:10.0.11+ds-1 → 1:11.1.3+ds-1\n');
  });

  test('reports a new release of upstream though Debian has it not yet', async () => {
    const checkout = await following();
    await checkout.track();
    checkout.server.repository('qemu/qemu').refs.set('tags/v11.2.0', '0');
    expect((await checkout.track()).text).toContain('new upstream:\n  - QEMU 11.2.0\n');
    expect((await checkout.track()).text).toBe('');
  });

  test('reports it again if the run before ended in an error', async () => {
    const checkout = await behind();
    await checkout.track();
    checkout.server.repository('qemu/qemu').refs.set('tags/v11.2.0', '0');
    checkout.repository.push(BRANCH, 'fix it by hand', { 'sources.json': '{}' });
    await expect(checkout.track({ pullRequest: true })).rejects.toMatchObject({ code: 'BRANCH_FOREIGN' });
    expect((await checkout.track()).text).toContain('new upstream:\n  - QEMU 11.2.0\n');
  });
});

describe('--pull-request', () => {
  test('opens one, whose branch has the new lock, and whose body is enough to decide', async () => {
    const checkout = await behind();
    const { text } = await checkout.track({ pullRequest: true });
    const [pull, ...more] = pulls(checkout);
    expect(more).toEqual([]);
    expect(text).toContain(`pull request opened: ${checkout.server.url}/o/r/pull/${pull?.number}`);
    expect(pull).toMatchObject({
      title: 'sources.lock.json: latest QEMU 11.1.3',
      base: 'main',
      head: BRANCH,
      state: 'open',
    });
    expect(pull?.body).toMatch(
      /\| latest \| linux\/amd64 \| 10\.0\.11 → 11\.1\.3 \| qemu-user 1:10\.0\.11\+ds-1 → qemu-user 1:11\.1\.3\+ds-1 \| [\d.]+ kB → [\d.]+ kB \([+−][\d.]+ kB\) \| .*/,
    );
    expect(pull?.body).toMatch(
      /- latest: \d+ tags, \d+ images, \d+ layers built and read back, .*; (\d+ emulators run on|no emulator run)/,
    );
    expect(pull?.body).toMatch(/- latest: Release of sid of \S+, signed by `[0-9A-F]{40}`\n/);
    expect(pull?.body).toContain('https://wiki.qemu.org/ChangeLog/11.1');
    expect(pull?.body).toContain('https://github.com/qemu/qemu/compare/v10.0.11...v11.1.3');
    expect(pull?.body).toContain('- `11.1.3-1`');
    // The lock knows the old package's guests, though no mirror has it any more.
    expect(pull?.body).toContain('| 2 → 2 +hexagon −hppa |');
    const lock = parseLock(checkout.repository.read(BRANCH, 'sources.lock.json') ?? '');
    expect(lock.channels.latest?.platforms['linux/amd64']?.version).toBe('11.1.3');
  });

  test('run again, finds the same one and changes nothing', async () => {
    const checkout = await behind();
    await checkout.track({ pullRequest: true });
    checkout.server.requests.length = 0;
    expect((await checkout.track({ pullRequest: true })).text).toContain('pull request unchanged: ');
    expect(writes(checkout)).toEqual([]);
  });

  test('is the same one when only the Release is newer: the branch stays, and so does what a person closed', async () => {
    const checkout = await behind();
    await checkout.track({ pullRequest: true });
    checkout.server.requests.length = 0;
    await checkout.offer(NEW);
    expect((await checkout.track({ pullRequest: true })).text).toContain('pull request unchanged: ');
    expect(writes(checkout)).toEqual([]);

    for (const thread of pulls(checkout)) thread.state = 'closed';
    checkout.repository.refs.delete(`heads/${BRANCH}`);
    await checkout.offer(NEW);
    checkout.reported.length = 0;
    const { text } = await checkout.track({ pullRequest: true });
    expect(text).toContain('pull request was closed by a person, and is not opened again: ');
    expect(pulls(checkout)).toHaveLength(1);
    expect(checkout.reported).not.toContainEqual({ type: 'stage', stage: 'build' });
  });

  test('is closed when the archive takes the packages back', async () => {
    const checkout = await behind();
    await checkout.track({ pullRequest: true });
    await checkout.offer(OLD);
    const { text } = await checkout.track({ pullRequest: true });
    expect(text).toBe(`pull request closed: ${checkout.server.url}/o/r/pull/${pulls(checkout)[0]?.number}`);
    expect((await checkout.track({ pullRequest: true })).text).toBe('');
  });

  test('stays open while its channel needs a person', async () => {
    const checkout = await behind();
    await checkout.track({ pullRequest: true });
    await checkout.offer(NEW, { validUntil: new Date('2026-11-01T00:00:00Z') });
    await checkout.track({ pullRequest: true });
    expect(pulls(checkout)).toMatchObject([{ state: 'open' }]);
  });

  test('builds nothing for a branch that it may not write to', async () => {
    const checkout = await behind();
    checkout.repository.push(BRANCH, 'fix it by hand', { 'sources.json': '{}' });
    await expect(checkout.track({ pullRequest: true })).rejects.toMatchObject({ code: 'BRANCH_FOREIGN' });
    expect(checkout.reported).not.toContainEqual({ type: 'stage', stage: 'build' });
  });

  test('shows a build that failed', async () => {
    const checkout = await behind();
    await checkout.offer({ ...NEW, 'linux/amd64': ['11.1.3', []] });
    await checkout.track({ pullRequest: true });
    expect(pulls(checkout)[0]?.body).toContain('the images cannot be made: PACKAGE_CONTENT_MISSING');
  });
});

describe('what needs a person', () => {
  const expired = { validUntil: new Date('2026-11-01T00:00:00Z') };
  const issues = ({ repository }: TrackedCheckout) =>
    repository.threads.filter(({ head }) => head === undefined);

  test('is reported, is a failure, and leaves the channel as it was', async () => {
    const checkout = await following();
    const { lock } = checkout.environment.paths;
    const before = await readFile(lock, 'utf8');
    await checkout.offer(NEW, expired);
    const { text, value, failure } = await checkout.track();
    expect(await readFile(lock, 'utf8')).toBe(before);
    expect(failure).toMatchObject({ code: 'PERSON_NEEDED', message: 'latest (RELEASE_EXPIRED)' });
    expect(text).toContain('needs a person:\n  - latest: RELEASE_EXPIRED: ');
    expect(value).toMatchObject({ changes: [], findings: [{ channel: 'latest', code: 'RELEASE_EXPIRED' }] });
  });

  test('a Release that is older than that of the lock is reported, though it has the same packages', async () => {
    const checkout = await following();
    await checkout.track();
    await checkout.offer(OLD, { date: new Date('2026-11-20T09:00:00Z') });
    const { value, failure } = await checkout.track();
    expect(failure).toMatchObject({ code: 'PERSON_NEEDED', message: 'latest (RELEASE_OLDER)' });
    expect(value).toMatchObject({ changes: [] });
  });

  test('a channel that is new and cannot be read is left out, and the others go on', async () => {
    const checkout = await behind();
    const { sources: file } = checkout.environment.paths;
    const sources = JSON.parse(await readFile(file, 'utf8'));
    const { latest } = sources.channels;
    const beta = { ...latest, suite: 'testing', codename: 'forky' };
    await writeFile(file, JSON.stringify({ ...sources, channels: { beta, latest } }));
    const { value, failure } = await checkout.track({ pullRequest: true });
    expect(failure).toMatchObject({ message: 'beta (RELEASE_NOT_FOUND)' });
    expect(value).toMatchObject({ changes: [{ channel: 'latest', now: { version: '1:11.1.3+ds-1' } }] });
    const written = parseLock(checkout.repository.read(BRANCH, 'sources.lock.json') ?? '');
    expect(Object.keys(written.channels)).toEqual(['latest']);
  });

  test('a version of an unknown form is reported, and everything else goes on', async () => {
    const checkout = await following();
    await checkout.offer({ ...NEW, 'linux/arm/v7': ['11.1.3~git1', ['arm']] });
    const { text, value, failure } = await checkout.track();
    expect(failure).toMatchObject({ code: 'PERSON_NEEDED', message: 'latest (LOCK_UNREADABLE)' });
    expect(text).toContain('channels.latest.platforms.linux/arm/v7.version: "11.1.3-git1" is not a version');
    expect(text).toContain('QEMU 11.1.3 is the newest release');
    expect(value).toMatchObject({ changes: [], upstream: { release: '11.1.3' } });
  });

  test('an unchanged Release that has expired by now is found though nothing is sent', async () => {
    const checkout = await following();
    await checkout.track();
    const later = { ...checkout.environment, now: () => new Date('2027-01-01T00:00:00Z') };
    const { command: trackCommand } = await import('./track.ts');
    const { failure } = await trackCommand.run({ output: 'dist/track' }, later);
    expect(failure?.message).toBe('latest (RELEASE_EXPIRED)');
  });

  test('an accepted expiry is in the lock and in the pull request', async () => {
    const checkout = await following();
    await checkout.offer(NEW, expired);
    await checkout.track({ pullRequest: true, acceptExpired: true });
    expect(pulls(checkout)[0]?.body).toContain('**its Valid-Until, 2026-11-01T00:00:00Z, had passed**');

    // A Release that has not expired is another proposal, though the packages are the same.
    for (const thread of pulls(checkout)) thread.state = 'closed';
    await checkout.offer(NEW);
    expect((await checkout.track({ pullRequest: true })).text).toContain('pull request opened: ');
    expect(pulls(checkout)[1]?.body).not.toContain('had passed');
  });

  test('--issue files it once, and the run succeeds', async () => {
    const checkout = await following();
    await checkout.offer({ 'linux/amd64': ['11.1.3', ['arm']] });
    const { text, failure } = await checkout.track({ issue: true });
    expect(failure).toBe(undefined);
    expect(text).toContain(`issue opened: ${checkout.server.url}/o/r/issues/`);
    expect(issues(checkout)).toMatchObject([{ title: 'track: latest needs a person', labels: ['track'] }]);
    expect(issues(checkout)[0]?.body).toContain('`INDEX_NOT_IN_RELEASE`');

    expect((await checkout.track({ issue: true })).text).toContain('issue unchanged: ');
    await checkout.offer(NEW, expired);
    expect((await checkout.track({ issue: true })).text).toContain('issue updated: ');
    expect(issues(checkout)).toHaveLength(1);
    expect(issues(checkout)[0]?.body).toContain('`RELEASE_EXPIRED`');
  });

  test('is filed though a pull request about something else cannot be made', async () => {
    const checkout = await following();
    await checkout.offer(NEW, expired);
    checkout.repository.push('main', 'merged', { 'sources.lock.json': 'another' });
    const template = async () => `${await checkout.environment.template()}# another recipe\n`;
    const { command: trackCommand } = await import('./track.ts');
    const options = { output: 'dist/track', pullRequest: true, issue: true } as const;
    const run = trackCommand.run(options, { ...checkout.environment, template });
    await expect(run).rejects.toMatchObject({ code: 'BASE_DIFFERS' });
    expect(issues(checkout)).toHaveLength(1);
  });

  test('the answer to a new issue is lost: there is one in the end', async () => {
    const checkout = await following();
    await checkout.offer(NEW, expired);
    checkout.server.faults.push({ on: /^POST .*\/issues$/, fault: losesAnswer });
    await checkout.track({ issue: true });
    expect(issues(checkout)).toHaveLength(1);
  });

  /** A person closes what is open. */
  const close = (checkout: TrackedCheckout, stateReason: string) => {
    for (const thread of issues(checkout)) Object.assign(thread, { state: 'closed', stateReason });
  };

  test('a matter that a person declined, closing its issue as not planned, is not filed again', async () => {
    const checkout = await following();
    await checkout.offer(NEW, expired);
    await checkout.track({ issue: true });
    close(checkout, 'not_planned');
    const { text, failure } = await checkout.track({ issue: true });
    expect(text).toContain('issue was closed by a person, and is not opened again: ');
    expect([failure, issues(checkout).length]).toEqual([undefined, 1]);
  });

  test('another one of the same kind is, and so is one that was closed as done and still stands', async () => {
    const checkout = await following();
    await checkout.offer(NEW, expired);
    await checkout.track({ issue: true });
    close(checkout, 'completed');
    expect((await checkout.track({ issue: true })).text).toContain('issue opened: ');
    close(checkout, 'not_planned');
    await checkout.offer(NEW, { validUntil: new Date('2026-11-02T00:00:00Z') });
    expect((await checkout.track({ issue: true })).text).toContain('issue opened: ');
    expect(issues(checkout).map(({ state }) => state)).toEqual(['closed', 'closed', 'open']);
  });

  test('what was declined is left out of an issue about something else', async () => {
    const checkout = await following();
    const findings = (...messages: string[]) =>
      messages.map((message) => ({ channel: 'latest', code: 'RELEASE_EXPIRED', message, remedy: '' }));
    await keepIssue(checkout.github, findings('one'));
    close(checkout, 'not_planned');
    await keepIssue(checkout.github, findings('one', 'two'));
    expect(issues(checkout)[1]?.body).toContain('`RELEASE_EXPIRED`: two');
    expect(issues(checkout)[1]?.body).not.toContain('`RELEASE_EXPIRED`: one');
  });

  test('an issue whose matter is gone is closed, and says so; should it come back, it is filed again', async () => {
    const checkout = await following();
    await checkout.offer(OLD, expired);
    await checkout.track({ issue: true });
    await checkout.offer(OLD);
    const { text } = await checkout.track({ issue: true });
    expect(text).toBe(`issue closed: ${checkout.server.url}/o/r/issues/${issues(checkout)[0]?.number}`);
    expect(issues(checkout)).toMatchObject([{ state: 'closed', stateReason: 'completed' }]);
    expect(issues(checkout)[0]?.body).toMatch(
      /^Closed by `image-builder track`: nothing in it is true any longer/,
    );
    expect((await checkout.track({ issue: true })).text).toBe('');

    await checkout.offer(OLD, expired);
    expect((await checkout.track({ issue: true })).text).toContain('issue opened: ');
  });

  test('an issue that a person wrote is left alone, whatever its label', async () => {
    const checkout = await following();
    const { data: theirs } = await checkout.github.api.rest.issues.create({
      ...checkout.github.repository,
      title: 'track riscv64 too?',
      body: 'please',
      labels: ['track'],
    });
    await checkout.offer(NEW, expired);
    await checkout.track({ issue: true });
    await checkout.offer(NEW);
    await checkout.track({ issue: true });
    expect(issues(checkout)).toMatchObject([
      { number: theirs.number, title: 'track riscv64 too?', body: 'please', state: 'open' },
      { state: 'closed' },
    ]);
  });
});

describe('guest programs', () => {
  const newVerdict = async (checkout: TrackedCheckout, change: Partial<Gate> = {}) => {
    const file = join(await temporaryFolder(), 'gate.json');
    const column = { channel: 'latest', platform: 'linux/amd64', version: '11.1.3', debian: '1:11.1.3+ds-1' };
    await writeFile(
      file,
      JSON.stringify({ schemaVersion: 1, columns: [column], failures: [], fixed: [], ...change }),
    );
    await checkout.track({ pullRequest: true, gate: [file] });
    return pulls(checkout)[0]?.body ?? '';
  };

  test('that passed before and fail now are in the pull request, and those that pass again', async () => {
    const { outcome: _, detail: __, command: ___, ...place } = HUNG;
    const body = await newVerdict(await behind(), {
      failures: [HUNG],
      fixed: [{ ...place, case: 'segv', what: 'SIGSEGV with its address' }],
    });
    expect(body).toContain(
      [
        '### Guest programs',
        '',
        '- **latest: 1 cases that passed before fail under QEMU 11.1.3; a release would not move `latest`**',
        `  - guest \`aarch64\`, case \`threads\` (eight threads), program \`arm64 static\`: hang: \`not ended after 90 s\`; to show it: \`${HUNG.command}\``,
        '  - passes again: guest `aarch64`, case `segv` (SIGSEGV with its address), program `arm64 static`',
        '',
      ].join('\n'),
    );
  });

  test('that all pass are one line', async () => {
    expect(await newVerdict(await behind())).toContain(
      '- latest: every case that passed before passes under QEMU 11.1.3\n',
    );
  });

  test.each([
    [
      'a run of another package',
      {
        columns: [{ channel: 'latest', platform: 'linux/amd64', version: '11.1.2', debian: '1:11.1.2+ds-1' }],
      },
    ],
    ['no run', { columns: [] }],
  ])('of which there was %s are said to be unknown', async (_, change) => {
    const body = await newVerdict(await behind(), change);
    expect(body).toContain(
      '- **latest: the checks were not run under QEMU 11.1.3**; to run them on this branch',
    );
  });

  test('whose verdict cannot be read stop nothing', async () => {
    const checkout = await behind();
    const { text, failure } = await checkout.track({ pullRequest: true, gate: ['/nowhere/gate.json'] });
    expect([text.includes('pull request opened: '), failure]).toEqual([true, undefined]);
    expect(pulls(checkout)[0]?.body).toContain('the checks were not run under QEMU 11.1.3');
    expect(checkout.reported).toContainEqual({ type: 'note', text: 'GATE_UNREADABLE: /nowhere/gate.json' });
  });

  test('of a host platform whose emulators do not run them are not spoken of', async () => {
    const checkout = await following();
    await checkout.offer({ ...OLD, 'linux/arm/v7': ['11.1.3', ['arm']] });
    await checkout.track({ pullRequest: true });
    expect(pulls(checkout)[0]?.body).not.toContain('Guest programs');
  });
});

describe('a newer QEMU in experimental', () => {
  async function withExperimental(version?: string): Promise<TrackedCheckout> {
    const checkout = await trackedCheckout({ early: true });
    checkout.server.repository('qemu/qemu');
    await checkout.offer(OLD);
    await checkout.adopt();
    if (version !== undefined) await checkout.offerEarly(version);
    return checkout;
  }

  test('is reported with the command that runs guest programs under it, and is no change of the lock', async () => {
    const checkout = await withExperimental('11.2.0~rc1');
    const { text, value, failure } = await checkout.track();
    expect(text).toContain(
      'on its way:\n  - Debian’s experimental has QEMU 11.2.0-rc1 (1:11.2.0~rc1+ds-1), which may come to latest; what it runs: npm run conformance -- --suite experimental\n',
    );
    expect(value).toMatchObject({ changes: [], early: [{ suite: 'experimental', version: '11.2.0-rc1' }] });
    expect(failure).toBe(undefined);
  });

  test('is none if it is older than that of the lock', async () => {
    const checkout = await withExperimental('10.0.10');
    expect((await checkout.track()).text).toBe('');
  });

  test('that cannot be read stops nothing', async () => {
    const checkout = await withExperimental();
    const { text, failure } = await checkout.track();
    expect([text, failure]).toEqual(['', undefined]);
    expect(checkout.reported).toContainEqual({
      type: 'note',
      text: expect.stringMatching(/^early packages are not known: RELEASE_NOT_FOUND: /),
    });
  });
});
