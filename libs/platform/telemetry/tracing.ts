import { randomUUID } from 'node:crypto';

/** W3C Trace Context: a request's `traceparent` travels into the events it causes, so one id follows the whole path. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

export interface Trace {
  readonly traceId: string;
  readonly traceparent: string;
}

/** Continues the caller's trace when the header is well-formed, and starts one otherwise. */
export function traceOf(header: string | undefined): Trace {
  const incoming = header === undefined ? null : TRACEPARENT.exec(header);
  const traceId = incoming?.[1] ?? randomUUID().replaceAll('-', '');
  return { traceId, traceparent: `00-${traceId}-${randomUUID().slice(19).replace('-', '')}-01` };
}
