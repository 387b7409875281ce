import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openBlob } from './blob-file.ts';
import { runningDigest } from './digest.ts';
import { entryReader, type LayerBlob, type ReadEntry, type ReadLayer } from './read-layer.ts';

/** What a gzip member decompresses to, where that is whole entries of an archive, and perhaps its end. */
export interface LayerPart {
  readonly content: Uint8Array;
  readonly entries: readonly ReadEntry[];
  readonly isLast: boolean;
}

/** @throws Error for anything else */
export function layerPart(content: Uint8Array): LayerPart {
  const entries: ReadEntry[] = [];
  const tar = entryReader(entries);
  tar.write(content);
  if (!tar.isBetweenEntries && !tar.hasEnded) throw new Error('an entry goes on behind it');
  return { content, entries, isLast: tar.hasEnded };
}

/** Bytes of the next member that are compared first: most members differ in them. */
const HEAD = 64;

/** A gzip layer that is read member by member. */
export class LayerMembers {
  readonly #file: FileHandle;
  readonly size: number;
  readonly #diff = runningDigest();
  readonly #entries: ReadEntry[] = [];
  readonly #head = Buffer.alloc(HEAD);
  #at = 0;
  #isOver = false;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
    this.#readHead();
  }

  /** @throws ImageError BLOB_MISSING, BLOB_DAMAGED */
  static async open({ layout, digest }: LayerBlob): Promise<LayerMembers> {
    const file = await openBlob(layout, digest);
    try {
      const { size } = await file.stat();
      return new LayerMembers(file, size);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Where its next member begins; null behind its last one. */
  get next(): number | null {
    return this.#isOver ? null : this.#at;
  }

  /** Whether its next member has exactly these bytes. @param space as many bytes, or more */
  hasNext(member: Uint8Array, space: Buffer): boolean {
    const head = Math.min(HEAD, member.length);
    if (this.#isOver || this.#head.compare(member, 0, head, 0, head) !== 0) return false;
    const length = readSync(this.#file.fd, space, 0, member.length, this.#at);
    return length === member.length && space.compare(member, 0, length, 0, length) === 0;
  }

  /** Reads its bytes. @param space as many bytes as it has, or more; fewer are filled where it became shorter */
  readInto(space: Buffer): Buffer {
    let at = 0;
    for (let length = 1; length > 0; at += length)
      length = readSync(this.#file.fd, space, at, this.size - at, at);
    return space.subarray(0, at);
  }

  /** @param length of the next member, whose content the part is */
  take({ content, entries, isLast }: LayerPart, length: number): void {
    this.#diff.update(content);
    this.#entries.push(...entries);
    this.#at += length;
    this.#isOver = isLast;
    this.#readHead();
  }

  /** Its contents, if it was read to its end. */
  end(): ReadLayer | null {
    if (!this.#isOver || this.#at !== this.size) return null;
    return { diffId: this.#diff.end(), entries: this.#entries };
  }

  #readHead(): void {
    readSync(this.#file.fd, this.#head, 0, HEAD, this.#at);
  }
}
