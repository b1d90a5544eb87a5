import v8 from 'node:v8';

/**
 * Switches off V8's allocation-site pretenuring. V8 allocates objects directly in the old generation after it has seen many
 * objects of the same kind live long. Here this happens while a cache is filled or a backlog is read, but nearly all later
 * objects are garbage within milliseconds. A request in the old generation keeps everything that it refers to alive until the
 * next full collection.
 */
export function disablePretenuring(): void {
  v8.setFlagsFromString('--no-allocation-site-pretenuring');
}
