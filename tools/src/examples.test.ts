import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { IDaemonSet } from 'kubernetes-models/apps/v1';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderTemplate } from './examples/helm-template.ts';
import { toIgnition } from './examples/ignition.ts';
import { type Manifest, readManifests, schemaErrors } from './kubernetes-schema.ts';
import { PROJECT } from './project-names.ts';
import { projectFiles, ROOT } from './repository.ts';
import { lintWorkflow } from './workflows/lint.ts';

// The examples as files. tools/src/e2e/examples.e2e.test.ts runs them.

const textOf = (example: string) => readFileSync(resolve(ROOT, 'examples', example), 'utf8');

test('examples/README.md has each example', () => {
  const page = textOf('README.md');
  const files = projectFiles('examples').map((path) => path.slice('examples/'.length));
  // One of several files may stand in the page as its folder.
  const isNamed = (file: string) =>
    file.split('/').some((_, depth, parts) => page.includes(`](${parts.slice(0, depth + 1).join('/')})`));
  expect(files.filter((file) => file !== 'README.md' && !isNamed(file))).toEqual([]);
});

describe.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)(
  'the systemd unit (systemd-analyze)',
  () => {
    /** systemd's problems with the unit itself, which name its file. Units that it asks for may be missing on this machine. */
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

    test('with a misspelled word it is refused', () => {
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

  test('an input or output that the action does not have is refused', async () => {
    const file = 'github-actions-setup-qemu.yml';
    // actionlint knows the inputs of that version; those of the newer one are the same.
    const wrong = textOf(file)
      .replace('setup-qemu-action@v4', 'setup-qemu-action@v3')
      .replace('image: ', 'images: ')
      .replace('outputs.platforms', 'outputs.platform');
    expect(await lintWorkflow(wrong, file)).toEqual([
      expect.stringContaining('input "images" is not defined in action "docker/setup-qemu-action'),
      expect.stringContaining('property "platform" is not defined'),
    ]);
  });
});

/** Whether a program is here; titles name the need. */
const has = (program: string) => spawnSync(program, ['--help']).error === undefined;

/** Runs a program on a file with that text. */
function runOn(text: string, name: string, words: (path: string) => [program: string, ...string[]]) {
  const folder = mkdtempSync(join(tmpdir(), 'example-'));
  try {
    const path = join(folder, name);
    writeFileSync(path, text);
    const [program, ...rest] = words(path);
    return spawnSync(program, rest, { encoding: 'utf8', cwd: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const unit = textOf('systemd.service').slice(textOf('systemd.service').indexOf('\n') + 1);

describe('cloud-init', () => {
  const config = parse(textOf('cloud-init.yaml')) as {
    write_files: { path: string; content: string }[];
    runcmd: string[][];
  };

  test('writes the unit of systemd.service, and starts it', () => {
    expect(textOf('cloud-init.yaml').startsWith('#cloud-config\n')).toBe(true);
    const [file] = config.write_files;
    expect(file).toEqual({ path: '/etc/systemd/system/qemu-user-static.service', content: unit });
    expect(config.runcmd.at(-1)).toEqual(['systemctl', 'enable', '--now', 'qemu-user-static.service']);
  });

  describe.skipIf(!has('cloud-init'))('by its own schema (cloud-init)', () => {
    const validate = (text: string) =>
      runOn(text, 'user-data', (path) => ['cloud-init', 'schema', '--config-file', path]);

    test('is valid', () => {
      const { status, stdout, stderr } = validate(textOf('cloud-init.yaml'));
      expect(status, `${stdout}${stderr}`).toBe(0);
    });

    test('with a misspelled key it is refused', () => {
      expect(validate(textOf('cloud-init.yaml').replace('write_files', 'writefiles')).status).not.toBe(0);
    });
  });
});

describe('Butane', () => {
  test('has the unit of systemd.service', () => {
    const { units } = toIgnition(textOf('butane.yaml')).systemd;
    expect(units).toContainEqual({ name: 'qemu-user-static.service', enabled: true, contents: unit });
  });

  test('a field that there is not is refused', () => {
    expect(() => toIgnition(textOf('butane.yaml').replace('enabled:', 'enable:'))).toThrow('enable');
  });

  describe.skipIf(!has('ignition-validate'))('as Ignition’s configuration (ignition-validate)', () => {
    const validate = (config: unknown) =>
      runOn(JSON.stringify(config), 'config.ign', (path) => ['ignition-validate', path]);

    test('is valid', () => {
      const { status, stderr } = validate(toIgnition(textOf('butane.yaml')));
      expect(status, stderr).toBe(0);
    });

    test('with a unit whose name has no ending it is refused', () => {
      const config = toIgnition(textOf('butane.yaml').replace('docker.service\n', 'docker\n'));
      expect(validate(config).status).not.toBe(0);
    });
  });
});

describe.skipIf(!has('kubectl'))('the kustomization (kubectl)', () => {
  test('gives the DaemonSet another image, for nodes of one CPU', () => {
    const { stdout, stderr } = spawnSync('kubectl', ['kustomize', resolve(ROOT, 'examples')], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const manifests = readManifests(stdout);
    expect(manifests.flatMap(schemaErrors)).toEqual([]);
    const set = manifests.find(({ kind }) => kind === 'DaemonSet') as IDaemonSet;
    const pod = set.spec?.template.spec;
    expect(pod?.nodeSelector).toEqual({ 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' });
    const images = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])].map(({ image }) => image);
    expect(new Set(images)).toEqual(new Set([`ghcr.io/${PROJECT.image}:11.1.3-1`]));
  });
});

describe('the Helm chart', () => {
  const chart = resolve(ROOT, 'examples/helm');
  const render = (values = {}) =>
    readManifests(renderTemplate(chart, 'daemonset.yaml', values))[0] as IDaemonSet;

  test('its output is what the schema of the Kubernetes API knows', () => {
    expect(schemaErrors(render() as Manifest)).toEqual([]);
  });

  test('its pod is that of kubernetes-daemonset.yaml, with a tag and what values.yaml adds', () => {
    const plain = readManifests(textOf('kubernetes-daemonset.yaml')).find(
      ({ kind }) => kind === 'DaemonSet',
    ) as IDaemonSet;
    const { imagePullSecrets, priorityClassName, ...pod } = render().spec?.template.spec ?? {
      containers: [],
    };
    expect({ imagePullSecrets, priorityClassName }).toEqual({ imagePullSecrets: [], priorityClassName: '' });
    const withoutTag = JSON.stringify(pod).replaceAll(
      /:11\.1\.3-1"|"imagePullPolicy":"IfNotPresent",/g,
      (found) => (found.startsWith(':') ? '"' : ''),
    );
    expect(JSON.parse(withoutTag)).toEqual(plain.spec?.template.spec);
  });

  test('values change it', () => {
    const pod = render({ args: ['--install', 'arm64'], nodeSelector: { disk: 'ssd' } }).spec?.template.spec;
    expect(pod?.initContainers?.[0]?.args).toEqual(['--install', 'arm64']);
    expect(pod?.nodeSelector).toEqual({ disk: 'ssd' });
  });

  test('Chart.yaml has what Helm requires, and the tag of values.yaml', () => {
    const read = (file: string) => parse(textOf(`helm/${file}`));
    const { apiVersion, name, version, appVersion } = read('Chart.yaml');
    expect({ apiVersion, name }).toEqual({ apiVersion: 'v2', name: 'qemu-user-static' });
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(appVersion).toBe(read('values.yaml').image.tag);
  });

  test.skipIf(!has('helm'))('helm lint and helm template agree (helm)', () => {
    const helm = (...words: string[]) => spawnSync('helm', words, { encoding: 'utf8' });
    expect(helm('lint', '--strict', chart).status).toBe(0);
    const { stdout } = helm('template', 'emulators', chart, '--namespace', 'kube-system');
    expect(readManifests(stdout)).toEqual([render()]);
  });
});

describe('the feature of dev containers', () => {
  const folder = resolve(ROOT, 'examples/devcontainer/qemu-user-static');
  const feature = JSON.parse(textOf('devcontainer/qemu-user-static/devcontainer-feature.json'));
  const target = mkdtempSync(join(tmpdir(), 'feature-'));
  afterAll(() => rmSync(target, { recursive: true }));
  const install = (env: Readonly<Record<string, string>>) =>
    spawnSync('sh', [join(folder, 'install.sh')], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, DESTDIR: target, ...env },
    });

  test('the CLI of dev containers packages it', () => {
    const cli = resolve(ROOT, 'node_modules/.bin/devcontainer');
    const words = ['features', 'package', folder, '--output-folder', join(target, 'out')];
    const { status, stdout, stderr } = spawnSync(cli, words, { encoding: 'utf8' });
    expect(status, `${stdout}${stderr}`).toBe(0);
    const { features } = JSON.parse(readFileSync(join(target, 'out/devcontainer-collection.json'), 'utf8'));
    expect(features).toEqual([feature]);
  });

  test('installs what it runs at every start', () => {
    const defaults = Object.entries<{ default: string }>(feature.options).map(([name, option]) => [
      name.toUpperCase(),
      option.default,
    ]);
    expect(install(Object.fromEntries(defaults)).status).toBe(0);
    const script = readFileSync(join(target, feature.postStartCommand), 'utf8');
    expect(script).toBe(`#!/bin/sh\nexec docker run --rm --privileged ${PROJECT.image} --install all\n`);
    expect(install({ PLATFORMS: 'arm64,riscv64', IMAGE: 'ghcr.io/me/qemu:11.1.3-1' }).status).toBe(0);
    expect(readFileSync(join(target, feature.postStartCommand), 'utf8')).toContain(
      'ghcr.io/me/qemu:11.1.3-1 --install arm64,riscv64\n',
    );
  });

  test('an option that is a command is refused', () => {
    const { status, stderr } = install({ PLATFORMS: 'arm64; reboot' });
    expect(status).toBe(1);
    expect(stderr).toContain('"arm64; reboot" is neither');
  });
});

describe('GitLab CI', () => {
  test('its job has what Docker-in-Docker needs, and registers before its script', () => {
    const { 'other-cpus': job } = parse(textOf('gitlab-ci.yml'));
    expect(job.services).toEqual([expect.stringMatching(/-dind$/)]);
    expect(job.variables.DOCKER_HOST).toBe('tcp://docker:2376');
    expect(job.variables.DOCKER_CERT_PATH).toBe(`${job.variables.DOCKER_TLS_CERTDIR}/client`);
    expect(job.before_script.at(-1)).toContain('--install arm64,riscv64');
  });
});
