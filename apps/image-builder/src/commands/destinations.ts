import { parseReference } from '@qemu-user-static/oci-registry';
import { type Destination, nameOf } from '../publish/destination.ts';
import { BuilderError } from '../report/errors.ts';
import type { Environment, RegistryOptions } from './environment.ts';

/** The repositories that are meant, each once, with clients of their registries. @throws BuilderError USAGE */
export function destinationsOf(
  options: RegistryOptions & { readonly repository: readonly string[] },
  environment: Environment,
): Destination[] {
  const named = options.repository.map(repositoryNamed);
  const once = new Map(named.map((name) => [nameOf(name), name]));
  return Array.from(Map.groupBy(once.values(), ({ registry }) => registry)).flatMap(([registry, names]) => {
    const opened = environment.registry(registry, options);
    return names.map(({ repository }) => ({ registry, repository, client: opened.repository(repository) }));
  });
}

function repositoryNamed(name: string): { registry: string; repository: string } {
  const { registry, repository, tag, digest } = parseReference(name);
  if (tag !== undefined || digest !== undefined)
    throw new BuilderError('USAGE', `--repository takes a name, without a tag: ${name}`);
  return { registry, repository };
}

/** The note of a run that ends with its plan: a dry run, or one whose plan cannot be applied. */
export function nothingSent({ push }: { readonly push?: true | undefined }): string {
  return push ? 'nothing was sent' : 'nothing was sent; --push does what the plan says';
}
