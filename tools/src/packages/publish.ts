import { spawnSync } from 'node:child_process';
import { packageFolder } from './build.ts';

// The command of `nx release` for each package: `npm publish`, which has no --dryRun as Nx would pass it. (nx-release-publish)

const [library = ''] = process.argv.slice(2);
const dryRun = process.env.NX_DRY_RUN === 'true' ? ['--dry-run'] : [];
const { status } = spawnSync('npm', ['publish', packageFolder(library), ...dryRun], { stdio: 'inherit' });
process.exitCode = status ?? 1;
