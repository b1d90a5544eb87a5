import { newId } from '#kernel';

/** W3C Trace Context: a request's `traceparent` travels into the events it causes, so one id follows the whole path. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

export interface Trace {
  readonly traceId: string;
  readonly traceparent: string;
}

/** Continues the caller's trace when the header is well-formed, and starts one otherwise. */
export function traceOf(header: string | undefined): Trace {
  const incoming = header === undefined ? null : TRACEPARENT.exec(header);
  const traceId = incoming?.[1] ?? randomHex(16);
  return { traceId, traceparent: `00-${traceId}-${randomHex(8)}-01` };
}

/** From the random tails of ids, which are drawn in blocks. */
function randomHex(bytes: 8 | 16): string {
  const tail = () => newId().slice(19).replace('-', '');
  return bytes === 8 ? tail() : tail() + tail();
}
