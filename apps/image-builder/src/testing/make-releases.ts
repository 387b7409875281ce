import { openEnvironment } from '../commands/environment.ts';
import { pushed, releaseTarget } from '../commands/github-release.ts';

/** A process that makes the releases of a layout, to be killed: `make.ts LOCK LAYOUT ASSETS`; GitHub as variables say. */
const [lock = '', layout = '', assets = ''] = process.argv.slice(2);
const opened = await openEnvironment(process.env, {}, () => undefined);
const builder = async () => ({ commit: 'c'.repeat(40), builder: { id: 'test' } });
const environment = { ...opened, builder, paths: { ...opened.paths, lock } };
const target = await releaseTarget(undefined, environment);
await pushed([layout], { plainHost: 'linux/amd64', assets }, target, environment);
await opened.close();
