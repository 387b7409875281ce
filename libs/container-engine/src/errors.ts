import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

/** The errors of container engines. */
export const ENGINE_ERRORS = {
  ENGINE_UNREACHABLE: {
    meaning: 'No container engine answers where one was asked for.',
    remedy:
      'Start Docker or `podman system service`, be in its group, or set DOCKER_HOST. Nothing but load, smoke and `build --builder docker` needs one.',
  },
  ENGINE_REFUSED: {
    meaning: 'The container engine did not take an image.',
    remedy: 'Read what it says. An engine before Docker 23 knows no zstd: give it a tag without -zstd.',
  },
  ENGINE_BUILD_FAILED: {
    meaning: 'The container engine did not build an image.',
    remedy:
      'Read what it says. It needs BuildKit, which Docker has from 18.09 on and Podman has not; or leave --builder away.',
  },
} as const satisfies ErrorCatalogue;

export type EngineErrorCode = keyof typeof ENGINE_ERRORS;

export class EngineError extends CodedError<EngineErrorCode> {
  constructor(code: EngineErrorCode, message: string, cause?: unknown) {
    super(ENGINE_ERRORS, code, message, cause);
  }
}
