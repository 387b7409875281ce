/**
 * The events of a client. Addresses are without secrets.
 *
 * - `request`: an answer arrived.
 * - `retry`: something failed and is tried again after `delayMs`.
 * - `upload-progress`: `sent` of `size` bytes have been handed to the network; goes back when a registry
 *   has less than was sent, or an upload starts over.
 * - `mount`: a blob was taken over from another repository (`hit`), or must be uploaded.
 * - `names-ignored`: a list of tags has names that break the grammar of tags; they are left out.
 * - `warning`: the registry's own words to the user, each reported once (distribution-spec, "Warnings").
 */
export type RegistryEvent =
  | { readonly type: 'request'; readonly method: string; readonly address: string; readonly status: number }
  | {
      readonly type: 'retry';
      readonly method: string;
      readonly address: string;
      readonly reason: string;
      readonly attempt: number;
      readonly delayMs: number;
      /** How long the server asked to wait, in milliseconds, where it did. */
      readonly retryAfterMs?: number;
    }
  | {
      readonly type: 'upload-progress';
      readonly repository: string;
      readonly digest: string;
      readonly sent: number;
      readonly size: number;
    }
  | {
      readonly type: 'mount';
      readonly repository: string;
      readonly digest: string;
      readonly from: string;
      readonly hit: boolean;
    }
  | { readonly type: 'names-ignored'; readonly repository: string; readonly count: number }
  | { readonly type: 'warning'; readonly text: string };

export type OnEvent = (event: RegistryEvent) => void;
