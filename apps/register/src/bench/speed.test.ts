import { expect, test } from 'vitest';
import { NO_ARCHIVE } from '../testing/archive.ts';
import { NO_STATIC_BUSYBOX } from '../testing/image.ts';
import { NO_NAMESPACES } from '../testing/namespace.ts';
import { ONE_SHELL } from '../testing/shells.ts';
import { measureSpeed } from './measure.ts';

const reason = NO_ARCHIVE ?? NO_NAMESPACES ?? NO_STATIC_BUSYBOX;

test.skipIf(reason !== undefined)(
  `in the image's shell, registering every guest is at least 5 times faster than QEMU's script, and takes less than 30 ms (network, user namespace, static busybox)${reason ? `: ${reason}` : ''}`,
  // Other tests run beside this one, and medians are of few runs.
  { timeout: 120_000, retry: 3 },
  async () => {
    const [busybox] = await measureSpeed(7, [ONE_SHELL]);
    expect(busybox?.shell).toBe('busybox ash');
    expect((busybox?.qemu ?? 0) / (busybox?.register ?? 1)).toBeGreaterThan(5);
    expect(busybox?.register).toBeLessThan(30);
  },
);
