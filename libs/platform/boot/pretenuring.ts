import v8 from 'node:v8';

/**
 * V8 allocates objects straight into the old generation where it has once seen many of a kind live long (allocation-site
 * pretenuring). Here that is a cache being filled or a backlog being read, and nearly everything after it is garbage within
 * milliseconds: a request that is born old keeps all it refers to alive until the next full collection.
 */
export function disablePretenuring(): void {
  v8.setFlagsFromString('--no-allocation-site-pretenuring');
}
