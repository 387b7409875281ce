import { HOST_PLATFORMS, type HostPlatform } from '@qemu-user-static/arch-table';
import { isCodedError } from '@qemu-user-static/errors';
import { makeProgram } from '@qemu-user-static/lock/testing';
import { assertStaticProgram } from '../build/elf.ts';
import { parseDockerfile } from '../images/dockerfile.ts';

const DOCKERFILE = `FROM scratch
# escape and comment
COPY files/ /
ENV A="b c" D=e
LABEL org.opencontainers.image.title="x" \\
  other=y
WORKDIR /
ENTRYPOINT ["/usr/bin/busybox", "sh"]
CMD ["--help"]
`;

/** The builder's own readers, with files that they take. */
export function readers() {
  return [
    { name: 'dockerfile', samples: [DOCKERFILE], read: (text: string) => parseDockerfile(text) },
    {
      name: 'elf',
      samples: HOST_PLATFORMS.map((platform) => makeProgram(platform, 'x')),
      read: (bytes: Buffer) => {
        for (const platform of HOST_PLATFORMS) refuseOrTake(bytes, platform);
      },
    },
  ];
}

function refuseOrTake(bytes: Buffer, platform: HostPlatform): void {
  try {
    assertStaticProgram(bytes, 'a program', platform);
  } catch (error) {
    if (!isCodedError(error)) throw error;
  }
}
