import { emulatorOf, GUEST_NAMES, HOST_PLATFORMS } from '@qemu-user-static/arch-table';
import { z } from 'zod';

/** Pieces that sources.json and sources.lock.json share. */
export const channelName = z
  .string()
  .regex(/^[a-z][a-z0-9]*$/, 'a channel is lower-case letters and digits, for it is a tag')
  .refine((name) => !(name in Object.prototype), 'a channel cannot have a name that every object has');

export const platformName = z.enum(HOST_PLATFORMS);

/**
 * By platform, the channels from which guests come that its own package lacks, in the order in which they are asked.
 * QEMU 10 left out 64-bit guests on 32-bit hosts.
 */
export const guestsFrom = z.partialRecord(platformName, z.array(channelName).min(1));

/** The guests of the images `common`, each with an emulator of its own; without any, those images are not made. */
export const commonGuests = z
  .array(z.enum(GUEST_NAMES))
  .refine((guests) => new Set(guests).size === guests.length, 'a guest is named twice')
  .refine(
    (guests) => guests.every((guest) => emulatorOf(guest) === guest),
    'a guest has no emulator of its own',
  );

/** A channel as far as `guestsFrom` is about it: for each platform, the name of the package of emulators. */
export interface NamedPackages {
  readonly guestsFrom: z.infer<typeof guestsFrom>;
  readonly packages: Readonly<Record<string, string>>;
}

/**
 * Each channel that is named is another one, and has the platform, its emulators in a package of another name: the
 * licence texts of packages of one name would lie in one folder.
 */
export function checkGuestsFrom(
  channels: Readonly<Record<string, NamedPackages>>,
  context: z.RefinementCtx,
): void {
  const named = new Map(Object.entries(channels));
  for (const [name, { guestsFrom: all, packages }] of named)
    for (const [platform, others] of Object.entries(all)) {
      const taken = new Set([packages[platform]]);
      for (const other of others) {
        const found = named.get(other)?.packages[platform];
        const problem =
          found === undefined || packages[platform] === undefined
            ? `"${name}" and "${other}" do not both have ${platform}`
            : taken.has(found)
              ? `a package ${found} is there already; that of "${other}" needs another name`
              : null;
        taken.add(found);
        if (problem !== null)
          context.addIssue({ code: 'custom', path: [name, 'guestsFrom', platform], message: problem });
      }
    }
}

/** A path inside a package; `{guest}` stands for a guest's name in the emulators' one. */
export const pathInPackage = z
  .string()
  .regex(/^(?!\/)(?!.*\.\.).+$/, 'a path inside a package is relative and does not climb');

/** Why a value does not fit, one line a problem: `channels.latest.suite: …`. */
export function problems(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`).join('; ');
}
