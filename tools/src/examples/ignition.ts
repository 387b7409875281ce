import { parse } from 'yaml';
import { z } from 'zod';

/** The part of Butane's configuration that the example uses. https://coreos.github.io/butane/config-flatcar-v1_0/ */
const Butane = z.strictObject({
  variant: z.literal('flatcar'),
  version: z.literal('1.0.0'),
  systemd: z.strictObject({
    units: z.array(
      z.strictObject({ name: z.string(), enabled: z.boolean().optional(), contents: z.string().optional() }),
    ),
  }),
});

/**
 * The Ignition configuration that `butane` makes of such a file: units are the same there.
 * https://coreos.github.io/ignition/configuration-v3_3/
 * @throws ZodError where it has a field that is not known here
 */
export function toIgnition(text: string) {
  const { systemd } = Butane.parse(parse(text));
  return { ignition: { version: '3.3.0' }, systemd };
}
