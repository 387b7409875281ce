import { dirname, join } from 'node:path';
import { openEnvironment } from '../commands/environment.ts';
import { pushed, releaseTarget } from '../commands/github-release.ts';

/** A process that makes the releases of a layout, to be killed: `make.ts LOCK LAYOUT ASSETS`; GitHub as variables say. */
const [lock = '', layout = '', assets = ''] = process.argv.slice(2);
// The packages of the lock are in a cache beside it, and nowhere else.
const machine = { cache: join(dirname(lock), 'cache'), mirror: 'http://127.0.0.1:1/debian' };
const opened = await openEnvironment(process.env, machine, () => undefined);
const builder = async () => ({ commit: 'c'.repeat(40), builder: { id: 'test' } });
const environment = { ...opened, builder, paths: { ...opened.paths, lock } };
const target = await releaseTarget(undefined, environment);
await pushed([layout], { plainHost: 'linux/amd64', assets }, target, environment);
await opened.close();
