import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { $ } from 'zx';
import { type EnginePlace, pidFileOf, socketOf } from './places.ts';

const PATIENCE = 60_000;

/** Starts a Docker Engine with nothing in common with another of this machine, unless it answers already. */
export async function startEngine(place: EnginePlace): Promise<void> {
  const socket = socketOf(place);
  if (await answers(socket)) return;
  const { root, folder, features = {} } = place;
  await mkdir(join(root, folder), { recursive: true });
  // The pid file of a killed engine: its id may be another process's by now.
  await rm(pidFileOf(place), { force: true });
  await writeFile(join(root, folder, 'engine.json'), JSON.stringify({ features }));
  const log = openSync(join(root, folder, 'engine.log'), 'w');
  const words = [
    'dockerd',
    ...['--host', `unix://${folder}/engine.sock`],
    ...['--config-file', `${folder}/engine.json`],
    ...['--data-root', `${folder}/data`],
    ...['--exec-root', `${folder}/exec`],
    ...['--pidfile', `${folder}/engine.pid`],
    // No network of its own, and so no change of the machine's firewall; containers that need one take the host's.
    ...['--bridge', 'none', '--iptables=false'],
  ];
  const engine = spawn('chroot', [root, ...words], { stdio: ['ignore', log, log], detached: true });
  engine.unref();
  closeSync(log);
  const end = Date.now() + PATIENCE;
  while (!(await answers(socket))) {
    if (engine.exitCode !== null || Date.now() > end)
      throw new Error(`${place.name} did not start: see ${join(root, folder, 'engine.log')}`);
    await sleep(200);
  }
}

/** Ends an engine that the set-up started, by its id, waits until it is gone, and unmounts what it leaves mounted. */
export async function stopEngine(place: EnginePlace): Promise<void> {
  await endProcess(place);
  // Its data folder is a mount of its own, and containerd's store has more. The last mounted first: it may lie in another.
  const folder = join(place.root, place.folder);
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  for (const mounted of mounts.filter((one) => one.startsWith(`${folder}/`)).reverse())
    await $`umount ${mounted}`;
}

async function endProcess(place: EnginePlace): Promise<void> {
  const pidFile = pidFileOf(place);
  if (!existsSync(pidFile)) return;
  const pid = Number(await readFile(pidFile, 'utf8'));
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!commandLine.includes(`${place.folder}/engine.sock`)) return;
  process.kill(pid, 'SIGTERM');
  const end = Date.now() + PATIENCE;
  while (existsSync(`/proc/${pid}`)) {
    if (Date.now() > end) throw new Error(`${place.name} (process ${pid}) does not end`);
    await sleep(100);
  }
}

/** https://docs.docker.com/reference/api/engine/version/v1.41/#operation/SystemPing */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(false));
    asked.end();
  });
}
