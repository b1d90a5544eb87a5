/**
 * What a page of another origin may send and read. The plugin's own default allows GET, HEAD and POST alone, and a browser
 * hides every response header that is not listed here or safelisted by the Fetch standard.
 */
import type { Operation } from '#contracts/operation';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies (Operation['method'] | 'HEAD')[];

const EXPOSED_HEADERS = [
  'ETag',
  'X-Request-Id',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'Content-Disposition',
] as const;

/** A browser repeats its preflight request after this time. */
const MAX_AGE_SECONDS = 600;

/** The options of `enableCors`. Request headers are not restricted: the plugin allows those that the browser names. */
export function corsOptions(origins: readonly string[]) {
  return {
    origin: [...origins],
    credentials: true,
    methods: [...METHODS],
    exposedHeaders: [...EXPOSED_HEADERS],
    maxAge: MAX_AGE_SECONDS,
  };
}
