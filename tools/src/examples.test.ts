import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './repository.ts';

const noSystemd = spawnSync('systemd-analyze', ['--version']).status !== 0;

test.skipIf(noSystemd)('the systemd unit has nothing that systemd does not know (systemd-analyze)', () => {
  const unit = join(mkdtempSync(join(tmpdir(), 'unit-')), 'qemu-user-static.service');
  copyFileSync(resolve(ROOT, 'examples/systemd.service'), unit);
  const words = ['systemd-analyze', 'verify', '--man=no', unit];
  const said = execFileSync('sh', ['-c', '"$@" 2>&1 || true', 'sh', ...words]).toString();
  // What the unit asks for may be missing on this machine; what is wrong in it names its file.
  expect(said.split('\n').filter((line) => line.includes(unit))).toEqual([]);
});
