export interface Version {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string;
}
export function parseVersion(_text: string): Version {
  throw new Error('not yet');
}
export function compareVersions(_a: string, _b: string): number {
  throw new Error('not yet');
}
