import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseStanzas, type Stanza } from './deb822.ts';

/** One file of the host's APT configuration. */
export interface AptSourceFile {
  /** Ends in `.list` or `.sources`, which is its format. */
  readonly name: string;
  readonly text: string;
}

/** An entry as APT reads it: each type with each URI, suite and component. */
export interface AptSource {
  readonly types: readonly string[];
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

/**
 * The host's `sources.list`, then `sources.list.d/*.list` and `*.sources` by name, as APT reads them. A host
 * without APT has none; a file that cannot be read is ignored.
 */
export async function readAptSources(folder = '/etc/apt'): Promise<AptSourceFile[]> {
  const parts = await readdir(join(folder, 'sources.list.d')).catch(() => []);
  const names = parts.filter((name) => /^[\w.-]+\.(?:list|sources)$/.test(name)).sort();
  const paths = ['sources.list', ...names.map((name) => join('sources.list.d', name))];
  const files = await Promise.all(
    paths.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
      return text === undefined ? [] : [{ name, text }];
    }),
  );
  return files.flat();
}

/** The enabled entries of a file, https://manpages.debian.org/sources.list.5; any other line is ignored. */
export function parseAptSources({ name, text }: AptSourceFile): AptSource[] {
  return name.endsWith('.sources') ? parseDeb822(text) : text.split('\n').flatMap(parseLine);
}

/** `deb [option=value …] uri suite component …` */
function parseLine(line: string): AptSource[] {
  const [, type, uri, suite, components = ''] =
    /^\s*(\S+)\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)([^#]*)/.exec(line.replace(/#.*/, '')) ?? [];
  if (type === undefined || uri === undefined || suite === undefined) return [];
  return [{ types: [type], uris: [uri], suites: [suite], components: words(components) }];
}

function parseDeb822(text: string): AptSource[] {
  const uncommented = text.replace(/^#.*\n?/gm, '');
  return parse(uncommented).flatMap((stanza) => {
    if (/^(?:no|false|without|off|disable|0)$/i.test(stanza.get('enabled') ?? 'yes')) return [];
    const list = (field: string) => words(stanza.get(field));
    return {
      types: list('types'),
      uris: list('uris'),
      suites: list('suites'),
      components: list('components'),
    };
  });
}

/** A broken file is APT's to complain about. */
function parse(text: string): Stanza[] {
  try {
    return parseStanzas(text);
  } catch {
    return [];
  }
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
