/** The URL of a path below a root, whether the root ends with a slash or not. */
export function below(root: URL, path: string): URL {
  const folder = new URL(root);
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return new URL(path.split('/').map(encodeURIComponent).join('/'), folder);
}

/** The URL as it may appear in messages and events. */
export function withoutCredentials(url: URL): string {
  return bare(url).href;
}

/** The URL without user name and password. */
export function bare(url: URL): URL {
  const copy = new URL(url);
  copy.username = '';
  copy.password = '';
  return copy;
}
