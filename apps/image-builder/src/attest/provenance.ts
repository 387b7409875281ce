import type { HostPlatform } from '@qemu-user-static/arch-table';
import { type LockedPackage, poolAddress } from '@qemu-user-static/lock';

export const PROVENANCE_PREDICATE = 'https://slsa.dev/provenance/v1';

/** The builder of the images and their inputs; the same for all of a run. */
export interface BuildFacts {
  /** Address of the project's repository. */
  readonly source: string;
  /** The commit that is checked out: 40 hex digits. */
  readonly commit: string;
  /** SHA-256 of sources.lock.json and Dockerfile.template, as hex digits. */
  readonly files: Readonly<Record<string, string>>;
  readonly builder: { readonly id: string; readonly invocation?: string };
}

/** The subject: an image of one platform, or an index over several. */
export interface BuiltSubject {
  readonly channel: string;
  readonly platforms: readonly HostPlatform[];
  /** Debian's, of all its images. */
  readonly packages: readonly LockedPackage[];
}

/**
 * How an image came to be: SLSA provenance, its predicate. Times are left out: the same build says the same.
 * https://slsa.dev/spec/v1.1/provenance
 */
export function provenance({ channel, platforms, packages }: BuiltSubject, facts: BuildFacts): object {
  const { source, commit, files, builder } = facts;
  return {
    buildDefinition: {
      buildType: `${source}/blob/main/docs/supply-chain.md#provenance`,
      externalParameters: { channel, platforms },
      resolvedDependencies: [
        { uri: `git+${source}@${commit}`, digest: { gitCommit: commit } },
        ...Object.entries(files).map(([name, sha256]) => ({
          name,
          uri: `${source}/blob/${commit}/${name}`,
          digest: { sha256 },
        })),
        ...packages.map((one) => ({
          name: `${one.package} ${one.version} ${one.architecture}`,
          uri: poolAddress(one),
          digest: { sha256: one.sha256 },
        })),
      ],
    },
    runDetails: {
      builder: { id: builder.id },
      ...(builder.invocation !== undefined && { metadata: { invocationId: builder.invocation } }),
    },
  };
}
