import { HOST_PLATFORMS } from '@qemu-user-static/arch-table';
import { z } from 'zod';

/** Pieces that sources.json and sources.lock.json share. */
export const channelName = z
  .string()
  .regex(/^[a-z][a-z0-9]*$/, 'a channel is lower-case letters and digits, for it is a tag');

export const platformName = z.enum(HOST_PLATFORMS);

/** A path inside a package; `{guest}` stands for a guest's name in the emulators' one. */
export const pathInPackage = z
  .string()
  .regex(/^(?!\/)(?!.*\.\.).+$/, 'a path inside a package is relative and does not climb');

/** Why a value does not fit, one line a problem: `channels.latest.suite: …`. */
export function problems(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`).join('; ');
}
