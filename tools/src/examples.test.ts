import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifests, schemaErrors } from './kubernetes-schema.ts';
import { projectFiles, ROOT } from './repository.ts';
import { lintWorkflow } from './workflows/lint.ts';

// The examples as files. tools/src/e2e/examples.e2e.test.ts runs them.

const textOf = (example: string) => readFileSync(resolve(ROOT, 'examples', example), 'utf8');

test('examples/README.md tells of each example', () => {
  const page = textOf('README.md');
  const files = projectFiles('examples').map((path) => path.slice('examples/'.length));
  expect(files.filter((file) => file !== 'README.md' && !page.includes(`](${file})`))).toEqual([]);
});

describe.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)(
  'the systemd unit (systemd-analyze)',
  () => {
    /** What systemd says of the unit itself. What it asks for may be missing on this machine; what is wrong in it names its file. */
    function verify(text: string): string[] {
      const folder = mkdtempSync(join(tmpdir(), 'unit-'));
      const unit = join(folder, 'qemu-user-static.service');
      writeFileSync(unit, text);
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
      rmSync(folder, { recursive: true });
      return stderr.split('\n').filter((line) => line.includes(unit));
    }

    test('has nothing that systemd does not know', () => {
      expect(verify(textOf('systemd.service'))).toEqual([]);
    });

    test('with a misspelled word it would be told', () => {
      const wrong = textOf('systemd.service').replace('RemainAfterExit=', 'RemainsAfterExit=');
      expect(verify(wrong).join()).toMatch(/Unknown key (name )?'RemainsAfterExit'/);
    });
  },
);

describe('the DaemonSet, by the schema of the Kubernetes API', () => {
  const example = textOf('kubernetes-daemonset.yaml');

  test('every field is known and has a value of its type', () => {
    expect(readManifests(example).map(({ kind }) => kind)).toEqual(['Namespace', 'DaemonSet']);
    expect(readManifests(example).flatMap(schemaErrors)).toEqual([]);
  });

  test.each([
    ['readOnlyRootFilesystem:', 'readonlyRootFilesystem:', `'"readonlyRootFilesystem"' does not exist`],
    ['hostPath:', 'hostpath:', `'"hostpath"' does not exist`],
    ['selector:', 'selectors:', 'must have required property selector'],
    ['runAsUser: 65534', 'runAsUser: nobody', 'runAsUser must be integer'],
    ['memory: 64Mi', 'memory: 64MB', 'memory must match format "quantity"'],
  ])('%s as %s is refused', (right, wrong, refusal) => {
    const errors = readManifests(example.replace(right, wrong)).flatMap(schemaErrors);
    expect(errors.join('\n')).toContain(refusal);
  });
});

describe('the workflows, by actionlint', () => {
  test.each(['github-actions.yml', 'github-actions-setup-qemu.yml'])('%s has nothing wrong', async (file) => {
    expect(await lintWorkflow(textOf(file), file)).toEqual([]);
  });

  test('an input or output that the action does not have is told', async () => {
    const file = 'github-actions-setup-qemu.yml';
    const wrong = textOf(file)
      .replace('image: ', 'images: ')
      .replace('outputs.platforms', 'outputs.platform');
    expect(await lintWorkflow(wrong, file)).toEqual([
      expect.stringContaining('input "images" is not defined in action "docker/setup-qemu-action'),
      expect.stringContaining('property "platform" is not defined'),
    ]);
  });
});
