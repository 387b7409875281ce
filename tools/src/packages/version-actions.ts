import { VersionActions } from 'nx/release';

type Tree = Parameters<VersionActions['init']>[0];

/**
 * How `nx release` gives a package its version: in the manifest that was built (`manifestRootsToUpdate` of nx.json), from
 * the git tag of its last release. In the workspace every library stays 0.0.0, which the others depend on. @nx/js would do
 * it too, with 163 packages more.
 */
export default class PackageVersion extends VersionActions {
  override validManifestFilenames = ['package.json'];

  override async updateProjectVersion(tree: Tree, version: string): Promise<string[]> {
    return this.manifestsToUpdate.map(({ manifestPath }) => {
      const manifest = JSON.parse(tree.read(manifestPath, 'utf8') ?? '{}');
      tree.write(manifestPath, `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
      return `${manifest.name} ${version} in ${manifestPath}`;
    });
  }

  override async readCurrentVersionFromSourceManifest(tree: Tree) {
    const manifestPath = `${this.projectGraphNode.data.root}/package.json`;
    const { version } = JSON.parse(tree.read(manifestPath, 'utf8') ?? '{}') as { version: string };
    return { currentVersion: version, manifestPath };
  }

  override async readCurrentVersionFromRegistry() {
    return null;
  }

  // A package of this workspace depends on none.
  override async readCurrentVersionOfDependency() {
    return { currentVersion: null, dependencyCollection: null };
  }

  override async updateProjectDependencies() {
    return [];
  }
}
