import { measureSpeed } from '@qemu-user-static/register/bench';
import type { Effort, Section } from './section.ts';

/** A registration takes milliseconds, so many fit into one round. */
const RUNS_A_ROUND = 9;

/** Every guest, with flag F, against QEMU's own script; in a user namespace, so that this machine's table stays. */
export async function measureRegistering(_workshop: unknown, { repeat }: Effort): Promise<Section> {
  const speeds = await measureSpeed(repeat * RUNS_A_ROUND);
  return {
    title: 'Registering',
    what: `Every guest with flag F, medians of ${repeat * RUNS_A_ROUND} in ms, the start of the shell included.`,
    columns: ['start alone', "QEMU's script", 'register', 'times faster', 'register --reset'],
    rows: speeds.map(({ shell, nothing, qemu, register, reset }) => ({
      name: shell,
      ours: true,
      values: [nothing, qemu, register, qemu / register, reset],
    })),
    claims: [],
  };
}
