export { type Alterations, alterLayout, type Json } from './alter-layout.ts';
export { BLOB_DAMAGE, type BlobDamage } from './blob-damage.ts';
export { type JsonDamage, jsonDamage } from './json-damage.ts';
export { makeSmallLayout } from './small-layout.ts';
