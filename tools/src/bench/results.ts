import { spawnSync } from 'node:child_process';
import { arch, availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import type { Section } from './section.ts';

/** The results of a run, as they are written to disk. */
export interface Results {
  readonly sections: Readonly<Record<string, Ran>>;
}

/** A part, and where and when it was run. */
export interface Ran extends Section {
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
  readonly repeat: number;
  /** Mean number of processes that wanted a core in the minute before the part began, its own not among them. */
  readonly load: number;
}

/** To be called before a part begins. */
export function circumstances(repeat: number): Omit<Ran, keyof Section> {
  const [load = Number.NaN] = loadavg();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0]?.model.trim()} (${arch()}), ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    versions: versions(),
    repeat,
    load,
  };
}

function versions(): string {
  const packages = ['buildah', 'docker-registry', 'skopeo'].map((name) => {
    const { stdout } = spawnSync('dpkg-query', ['-W', name]);
    return stdout.toString().trim().replace('\t', ' ') || `no ${name}`;
  });
  return [`Node ${process.versions.node}`, `zstd ${process.versions.zstd}`, ...packages].join(', ');
}
