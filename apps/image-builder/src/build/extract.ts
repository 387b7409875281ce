import { emulatorOf, GUEST_NAMES, type GuestName, type HostPlatform } from '@qemu-user-static/arch-table';
import type { DebEntry, Memory } from '@qemu-user-static/debian-archive';
import { guestOf, type LockedPackage } from '@qemu-user-static/lock';
import type { LicenseText } from '../images/context.ts';
import { BuilderError } from '../report/errors.ts';
import { assertStaticProgram } from './elf.ts';
import { readPackage } from './package-contents.ts';

/** One thing found in the emulators' package, in the package's order. */
export type Extracted =
  | { readonly kind: 'emulator'; readonly guest: GuestName; readonly program: Uint8Array }
  | { readonly kind: 'license'; readonly license: LicenseText }
  /** An emulator of a guest that the table does not have. */
  | { readonly kind: 'unknown'; readonly path: string };

/** Targets that have an emulator of their own. */
const EMULATED = new Set(GUEST_NAMES.filter((name) => emulatorOf(name) === name));

/**
 * The emulators of a package, checked, one at a time: they never all lie in memory. The package's own hash is
 * known only at the end, so what came before counts only once the generator has ended without an error.
 *
 * @param memory for the programs
 * @throws BuilderError EMULATOR_INVALID, PACKAGE_CONTENT_MISSING, and what `readDeb` throws.
 */
export async function* extractEmulators(
  deb: string,
  locked: LockedPackage,
  platform: HostPlatform,
  memory?: Memory,
): AsyncGenerator<Extracted, void, undefined> {
  let isEmpty = true;
  for await (const entry of readPackage(deb, locked)) {
    if (isLicense(entry)) {
      yield { kind: 'license', license: { path: entry.path, text: await entry.read() } };
    }
    const guest = guestOf(entry, locked.files);
    if (guest === null) continue;
    if (!EMULATED.has(guest as GuestName)) {
      yield { kind: 'unknown', path: entry.path };
      continue;
    }
    if ((entry.mode & 0o111) !== 0o111) {
      throw new BuilderError('EMULATOR_INVALID', `${entry.path} for ${platform} is not executable`);
    }
    const program = await entry.read(memory);
    assertStaticProgram(program, entry.path, platform);
    isEmpty = false;
    yield { kind: 'emulator', guest: guest as GuestName, program };
  }
  if (isEmpty) {
    throw new BuilderError('PACKAGE_CONTENT_MISSING', `${locked.path} has no ${locked.files}`);
  }
}

/** The one program of the shell's package, and its licence texts. */
export async function extractShell(
  deb: string,
  locked: LockedPackage,
  platform: HostPlatform,
): Promise<{ program: Uint8Array; licenses: LicenseText[] }> {
  let program: Uint8Array | null = null;
  const licenses: LicenseText[] = [];
  for await (const entry of readPackage(deb, locked)) {
    if (isLicense(entry)) licenses.push({ path: entry.path, text: await entry.read() });
    else if (entry.type === 'file' && entry.path === locked.files) program = await entry.read();
  }
  if (program === null)
    throw new BuilderError('PACKAGE_CONTENT_MISSING', `${locked.path} has no ${locked.files}`);
  assertStaticProgram(program, locked.files, platform);
  return { program, licenses };
}

/** Debian Policy 12.5: every package has its licence texts there. */
function isLicense(entry: DebEntry): boolean {
  return entry.type === 'file' && /^usr\/share\/doc\/[^/]+\/copyright$/.test(entry.path);
}
