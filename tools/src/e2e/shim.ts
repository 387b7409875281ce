import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, HAS_SYS_RESOURCE } from './engines.ts';
import { BINFMT, type EnginePlace, SHARED } from './places.ts';

/** Programs that pages call `docker`, for scripts that run against one engine of the set-up. */
export interface Shim {
  /** First in PATH, and seen by every engine under the same name. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  close(): void;
}

/**
 * Makes a `docker` that is the client of an engine's own Debian. For an engine that may not give `--privileged` on
 * this machine it says what needs less.
 */
export function dockerShim({ name, place }: Engine): Shim {
  const folder = mkdtempSync(join(SHARED, 'shim-'));
  const less = name === 'Docker 20.10' && !HAS_SYS_RESOURCE;
  writeFileSync(join(folder, 'docker'), script(place, less));
  writeFileSync(join(folder, 'sudo'), '#!/bin/sh\nexec "$@"\n');
  for (const program of ['docker', 'sudo']) chmodSync(join(folder, program), 0o755);
  return {
    folder,
    env: { PATH: `${folder}:${process.env.PATH}` },
    close: () => rmSync(folder, { recursive: true }),
  };
}

function script({ root, folder }: EnginePlace, less: boolean): string {
  const host = `unix://${folder}/engine.sock`;
  return `#!/bin/bash
words=()
for word; do
	case $word in
	${less ? `--privileged) words+=(--cap-drop ALL -v ${BINFMT}:/binfmt_misc) ;;` : ''}
	*) words+=("$word") ;;
	esac
done
[ "$1" != compose ] || exec chroot ${root} /usr/bin/env DOCKER_HOST=${host} docker-compose "\${words[@]:1}"
exec chroot ${root} /usr/bin/docker --host ${host} "\${words[@]}"
`;
}
