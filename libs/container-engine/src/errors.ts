import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

/** The errors of container engines. */
export const ENGINE_ERRORS = {
  ENGINE_UNREACHABLE: {
    meaning: 'The command needs a container engine, and none answers.',
    remedy:
      'Start Docker (`sudo systemctl start docker`) or Podman (`podman system service --time=0`), make sure that you may use its socket, or set DOCKER_HOST. Only load, smoke and `build --builder docker` need one.',
  },
  ENGINE_REFUSED: {
    meaning: 'The container engine refused an image.',
    remedy:
      'The message has the reason of the engine. Docker before version 23 does not support zstd: load a tag without -zstd, such as `load --image latest`.',
  },
  ENGINE_BUILD_FAILED: {
    meaning: 'The container engine did not build an image.',
    remedy:
      'The message has the reason of the engine. It needs BuildKit (Docker 18.09 or newer; Podman does not have it). Without an engine: `npx --no image-builder build`.',
  },
} as const satisfies ErrorCatalogue;

export type EngineErrorCode = keyof typeof ENGINE_ERRORS;

export class EngineError extends CodedError<EngineErrorCode> {
  constructor(code: EngineErrorCode, message: string, cause?: unknown) {
    super(ENGINE_ERRORS, code, message, cause);
  }
}
