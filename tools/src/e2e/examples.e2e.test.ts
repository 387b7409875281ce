import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { IDaemonSet } from 'kubernetes-models/apps/v1';
import type { IPodSpec } from 'kubernetes-models/v1';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readManifests } from '../kubernetes-schema.ts';
import { PROJECT } from '../project-names.ts';
import { ROOT } from '../repository.ts';
import { readWorkflow, type Step } from '../workflows/workflow.ts';
import { readTable, restoreTable, type Table } from './binfmt-table.ts';
import { GUESTS, guestLayout } from './debian-guests.ts';
import {
  type Engine,
  HAS_SYS_RESOURCE,
  NO_ENGINES,
  type Outcome,
  openEngine,
  removeImages,
  run,
} from './engines.ts';
import { BINFMT, ENGINES, LAYOUT, SHARED, socketOf } from './places.ts';
import { dockerWords } from './pod.ts';
import { dockerShim, type Shim } from './shim.ts';

// The files in examples/, read and run.

/** Emulators that the image for linux/amd64 registers. */
const EMULATORS = 31;
/** The images of other CPUs that the examples run. */
const RUN = GUESTS.filter(({ name }) => ['arm64v8', 'riscv64', 's390x'].includes(name));

const textOf = (example: string) => readFileSync(resolve(ROOT, 'examples', example), 'utf8');

async function stepsOf(example: string): Promise<Step[]> {
  const { jobs } = await readWorkflow(resolve(ROOT, 'examples', example));
  return Object.values(jobs).flatMap(({ steps }) => steps);
}

let before: Table;

describe.skipIf(NO_ENGINES !== undefined)('the examples on an engine (root, engine)', () => {
  beforeAll(async () => {
    before = await readTable(BINFMT);
    expect(Object.keys(before).filter((name) => name.startsWith('qemu-'))).toEqual([]);
  });

  describe.each(Object.values(ENGINES))('$name', (place) => {
    let engine: Engine;
    let shim: Shim;
    const client = { DOCKER_HOST: `unix://${socketOf(place)}` };

    const succeed = ({ code, stdout, stderr }: Outcome) => {
      expect(code, stderr).toBe(0);
      return stdout.trim();
    };
    const registered = async () =>
      Object.keys(await readTable(BINFMT)).filter((name) => name.startsWith('qemu-'));
    const uname = (guest: string) => engine.docker('run', '--rm', `${guest}/busybox`, 'uname', '-m');
    /** Whether the engine cannot give `--privileged` on this machine; if so, that it says so. */
    const isRefused = ({ stderr }: Outcome) => {
      const refused = engine.name === 'Docker 20.10' && !HAS_SYS_RESOURCE;
      if (refused) expect(stderr).toContain('unable to apply caps: operation not permitted');
      return refused;
    };

    beforeAll(async () => {
      engine = openEngine(place);
      shim = dockerShim(engine);
      const load = async (layout: string, image: string, ...words: string[]) =>
        succeed(await engine.builder('load', '--layout', layout, '--image', image, ...words));
      await load(LAYOUT, 'latest');
      const guests = await guestLayout();
      for (const { name } of RUN) {
        await load(guests.folder, name, '--repository', name);
        succeed(await engine.docker('tag', `${name}:${name}`, `${name}/busybox`));
      }
    }, 240_000);

    afterEach(async () => {
      await restoreTable(BINFMT, before);
    });

    afterAll(async () => {
      await removeImages(engine);
      shim.close();
    }, 60_000);

    describe('Compose', () => {
      /** Debian's own Compose of that engine, with the file on its standard input. */
      const compose = (file: string, ...words: string[]) =>
        run(['chroot', place.root, '/usr/bin/docker-compose', '-p', 'examples', '-f', '-', ...words], {
          env: { DOCKER_HOST: `unix://${place.folder}/engine.sock` },
          input: file,
        });
      const example = textOf('compose.yaml');

      afterEach(async () => {
        succeed(await compose(example, 'down'));
      });

      test('a service of another platform starts when the emulators are registered', async () => {
        expect((await uname('arm64v8')).code).not.toBe(0);
        const said = succeed(await compose(example, 'up'));
        expect(stripVTControlCharacters(said)).toMatch(/^app.*\| aarch64$/m);
        expect(await registered()).toHaveLength(EMULATORS);
      });

      test('and does not start when they could not be', async () => {
        const wrong = example.replace('--reset, -p, "yes"', '--install, no-such-cpu');
        const { code, stdout, stderr } = await compose(wrong, 'up');
        expect(code).not.toBe(0);
        expect(`${stdout}${stderr}`).toMatch(/exit(ed with code)? 2\b/);
        expect(stripVTControlCharacters(stdout)).not.toMatch(/^app.*\|/m);
      });
    });

    describe('the DaemonSet', () => {
      const objects = readManifests(textOf('kubernetes-daemonset.yaml'));
      const daemonSet = objects.find(({ kind }) => kind === 'DaemonSet') as IDaemonSet;
      const pod = daemonSet.spec?.template.spec as IPodSpec;
      const [register, ...otherInits] = pod.initContainers ?? [];
      const [pause, ...others] = pod.containers;

      test('its init container registers, with no capability at all', async () => {
        if (register === undefined) throw new Error('no init container');
        expect(otherInits).toEqual([]);
        const words = dockerWords(pod, register);
        expect(words).toEqual(
          expect.arrayContaining(['--read-only', '--cap-drop', 'ALL', 'no-new-privileges']),
        );
        succeed(await engine.docker('run', '--rm', ...words));
        expect(await registered()).toHaveLength(EMULATORS);
        expect(succeed(await uname('arm64v8'))).toBe('aarch64');
        // As when the node's kubelet starts the pod again.
        succeed(await engine.docker('run', '--rm', ...words));
        expect(await registered()).toHaveLength(EMULATORS);
      });

      test('its container stays, and ends when asked to', async () => {
        if (pause === undefined) throw new Error('no container');
        expect(others).toEqual([]);
        const id = succeed(await engine.docker('run', '--detach', ...dockerWords(pod, pause)));
        const state = async (field: string) =>
          succeed(await engine.docker('inspect', '--format', `{{.State.${field}}}`, id));
        try {
          // Another program runs in it only as long as its own does.
          expect(succeed(await engine.docker('exec', id, '/bin/busybox', 'id', '-u'))).toBe('65534');
          expect(await state('Running')).toBe('true');
          // The engine kills what has not ended after that time: exit code 137.
          succeed(await engine.docker('stop', '-t', '45', id));
          expect(await state('ExitCode')).toBe('0');
        } finally {
          await engine.docker('rm', '--force', id);
        }
      });
    });

    test('the systemd unit registers when started, and takes all away when stopped', async () => {
      /** A command of the unit. No word of it has a quote, a variable or a specifier: systemd splits it as this does. */
      const exec = (name: string) => {
        const [, line = ''] = new RegExp(`^${name}=(.+)$`, 'm').exec(textOf('systemd.service')) ?? [];
        expect(line).toMatch(/^[^'"$%\\;]+$/);
        return run(line.split(' '), { env: client });
      };
      succeed(await exec('ExecStart'));
      expect(await registered()).toHaveLength(EMULATORS);
      expect(succeed(await uname('arm64v8'))).toBe('aarch64');
      succeed(await exec('ExecStop'));
      expect(await readTable(BINFMT)).toEqual(before);
    });

    /** A script with an engine's client as its `docker`; what it prints. */
    const script = async (text: string, ...words: string[]) =>
      succeed(
        await run(['bash', '--norc', '-euo', 'pipefail', '-c', text, 'script', ...words], { env: shim.env }),
      );

    test('GitLab CI: the lines of the job', async () => {
      const { 'other-cpus': job } = parse(textOf('gitlab-ci.yml'));
      const printed = await script([...job.before_script, ...job.script].join('\n'));
      expect(printed).toMatch(/^aarch64\nriscv64$/m);
      expect(await registered()).toEqual(['qemu-aarch64', 'qemu-riscv64']);
    });

    test('cloud-init and Butane start the commands of the systemd unit', () => {
      const [line = ''] = /^ExecStart=.+$/m.exec(textOf('systemd.service')) ?? [];
      for (const example of ['cloud-init.yaml', 'butane.yaml']) expect(textOf(example)).toContain(line);
    });

    test('the feature of dev containers registers what its options name', async () => {
      const folder = resolve(ROOT, 'examples/devcontainer/qemu-user-static');
      const { postStartCommand } = JSON.parse(
        readFileSync(join(folder, 'devcontainer-feature.json'), 'utf8'),
      );
      const target = mkdtempSync(join(SHARED, 'feature-'));
      try {
        const env = { DESTDIR: target, PLATFORMS: 'arm64', IMAGE: PROJECT.image };
        succeed(await run(['sh', join(folder, 'install.sh')], { env }));
        await script(join(target, postStartCommand));
        expect(await registered()).toEqual(['qemu-aarch64']);
      } finally {
        rmSync(target, { recursive: true });
      }
    });

    // Debian 12 has no buildx.
    const withBuildx = place.root === '/' ? [] : ['docker buildx bake'];
    test.each(withBuildx)('%s builds for another platform', async () => {
      const file = join(shim.folder, 'docker-bake.hcl');
      cpSync(resolve(ROOT, 'examples/docker-bake.hcl'), file);
      const bake = `docker buildx bake --file ${file}`;
      const { target } = JSON.parse(await script(`${bake} --print`));
      expect(target.image.platforms).toEqual(['linux/amd64', 'linux/arm64', 'linux/riscv64']);
      await script(`docker run --rm --privileged ${PROJECT.image} --install arm64`);
      // The engine's own builder makes one platform, of an image that it has.
      await script(`${bake} --load --set image.platform=linux/arm64 --set image.args.BASE=arm64v8/busybox`);
      expect(await script('docker run --rm owner/name cat /machine')).toBe('aarch64');
    });

    describe('GitHub Actions', () => {
      test('the steps of the workflow', async () => {
        const [register, programs] = await stepsOf('github-actions.yml');
        const bash = (step: Step | undefined) =>
          run(['bash', '-e', '-c', step?.run ?? 'false'], { env: client });
        const outcome = await bash(register);
        if (isRefused(outcome)) return;
        succeed(outcome);
        const machines = RUN.map(({ machine }) => machine);
        expect(
          succeed(await bash(programs))
            .split('\n')
            .sort(),
        ).toEqual(machines.sort());
      });

      // https://github.com/docker/setup-qemu-action/blob/master/src/main.ts: each line that it runs, in this order.
      test('what docker/setup-qemu-action does with the image', async () => {
        const steps = await stepsOf('github-actions-setup-qemu.yml');
        const step = steps.find(({ uses }) => uses?.startsWith('docker/setup-qemu-action@'));
        const [image, platforms] = [`${step?.with?.image}`, `${step?.with?.platforms}`];
        const call = (...words: string[]) => engine.docker('run', '--rm', '--privileged', image, ...words);

        succeed(await engine.docker('image', 'inspect', image));
        const version = await call('--version');
        if (isRefused(version)) return;
        expect(succeed(version)).toMatch(/qemu\/\d+\.\d+\.\d+/);
        // With `reset: true`.
        succeed(await call('--uninstall', 'qemu-*'));
        succeed(await call('--install', platforms));

        const { supported } = JSON.parse(succeed(await call())) as { supported: string[] };
        const others = supported.filter((platform) => !/^linux\/(amd64|386)/.test(platform));
        expect(others.sort()).toEqual(platforms.split(',').map((name) => `linux/${name}`));
        expect(supported).toContain('linux/amd64');
        for (const { name, machine } of RUN) expect(succeed(await uname(name))).toBe(machine);
      });

      test('and with its own default, all platforms', async () => {
        const call = (...words: string[]) =>
          engine.docker('run', '--rm', '--privileged', PROJECT.image, ...words);
        const outcome = await call('--install', 'all');
        if (isRefused(outcome)) return;
        succeed(outcome);
        const { supported } = JSON.parse(succeed(await call())) as { supported: string[] };
        const others = ['arm64', 'arm/v7', 'arm/v6', 'ppc64le', 'riscv64', 's390x', 'loong64', 'mips64le'];
        expect(supported).toEqual(expect.arrayContaining(others.map((name) => `linux/${name}`)));
      });
    });
  });
});
