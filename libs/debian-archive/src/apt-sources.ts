/** One file of the host's APT configuration. */
export interface AptSourceFile {
  readonly name: string;
  readonly text: string;
}
/** The host's `sources.list`, `sources.list.d/*.list` and `*.sources`, in APT's order; none is an empty list. */
export async function readAptSources(_folder = '/etc/apt'): Promise<AptSourceFile[]> {
  throw new Error('not yet');
}
