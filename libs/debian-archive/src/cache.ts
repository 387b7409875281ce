/** `$XDG_CACHE_HOME/qemu-user-static`, or `~/.cache/qemu-user-static`. */
export function cacheFolder(_environment: NodeJS.ProcessEnv): string {
  throw new Error('not yet');
}
