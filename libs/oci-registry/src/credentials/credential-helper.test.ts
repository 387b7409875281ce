import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

test('without a file descriptor for a helper, the error says so, and the caller lives on', async () => {
  const script = `
    import { openSync } from 'node:fs';
    import { askCredentialHelper } from ${JSON.stringify(join(import.meta.dirname, 'credential-helper.ts'))};
    try { while (true) openSync('/dev/null'); } catch {}
    await askCredentialHelper('test', 'ghcr.io', {}).catch(({ code, message }) => console.log(code, message));`;
  const command = 'ulimit -n 64; "$1" --input-type=module -e "$2"; echo "it ended with $?"';
  // In a process group of its own, where no signal of it can reach this one.
  const shell = spawn('bash', ['-c', command, 'bash', process.execPath, script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(await text(shell.stdout)).toBe(
    'CREDENTIAL_HELPER_FAILED docker-credential-test cannot be started: spawn docker-credential-test EMFILE\nit ended with 0\n',
  );
});
