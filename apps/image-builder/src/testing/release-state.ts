import type { Repository } from '@qemu-user-static/github/testing';

/** The state of a repository's releases, without numbers that count up and times. */
export function stateOf({ releases, refs }: Repository) {
  return {
    releases: releases
      .map(({ tag_name, target_commitish, name, body, draft, make_latest, assets }) => ({
        tag_name,
        target_commitish,
        name,
        body,
        draft,
        make_latest,
        assets: assets.map((asset) => `${asset.name} ${asset.state} ${asset.digest}`).sort(),
      }))
      .sort((a, b) => (a.tag_name < b.tag_name ? -1 : 1)),
    tags: [...refs.keys()].filter((name) => name.startsWith('tags/')).sort(),
  };
}
