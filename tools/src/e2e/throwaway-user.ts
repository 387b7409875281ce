import { $ } from 'zx';
import type { Owner } from './podman.ts';

const NAME = 'qemu-user-static-e2e';

/** A user of this machine for one suite, with ids for user namespaces, as every new user gets them. (useradd(8), subuid(5)) */
export async function addUser(): Promise<Owner & { remove(): Promise<void> }> {
  // A killed run leaves its own. (userdel(8): 6 means that it does not exist)
  await $({ nothrow: true })`userdel ${NAME}`.quiet();
  await $`useradd --no-create-home --shell /usr/sbin/nologin ${NAME}`.quiet();
  const { stdout } = await $`id --user ${NAME}`.quiet();
  return {
    name: NAME,
    uid: Number(stdout),
    remove: async () => {
      await $`userdel ${NAME}`.quiet();
    },
  };
}
