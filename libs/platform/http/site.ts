/**
 * Finds the site of a request: a store or the console. Behind the gateway, Nginx writes the tenant into X-Tenant-Slug;
 * without a gateway, in development, it is the first label of the host. The console is `console.BASE_DOMAIN`; any other
 * host is refused.
 */
import { errorTable, type TenantId } from '#kernel';

export interface SiteTenant {
  readonly id: TenantId;
  readonly slug: string;
}

export type Site = { readonly kind: 'tenant'; readonly tenant: SiteTenant } | { readonly kind: 'console' };

/** Slug → tenant. Implemented by the tenancy module; a slug never moves to another tenant, so answers may be cached. */
export interface TenantDirectory {
  find(slug: string): Promise<SiteTenant | undefined>;
}

export const TENANT_DIRECTORY = Symbol('TenantDirectory');

export const siteErrors = errorTable({
  unknown_host: ['misdirected', 'No store and no console lives at this host.'],
  invalid_tenant_slug: ['malformed', 'The tenant slug is not well-formed.'],
  tenant_not_found: ['not_found', 'There is no store at this address.'],
});

const SLUG = /^[a-z0-9](-?[a-z0-9])*$/;
const LONGEST_SLUG = 63;
const CONSOLE = 'console';

export interface SiteOptions {
  readonly source: 'header' | 'host';
  readonly baseDomain: string;
}

export interface SiteRequest {
  readonly host: string | undefined;
  /** The raw X-Tenant-Slug header; repeated headers arrive as one comma-joined text and fail the pattern. */
  readonly slugHeader: string | undefined;
}

export type Address = { readonly kind: 'console' } | { readonly kind: 'tenant'; readonly slug: string };

/** Pure: reads the address out of host and header. Throws when neither names a place. */
export function addressOf(request: SiteRequest, options: SiteOptions): Address {
  const host = hostName(request.host);
  if (host === `${CONSOLE}.${options.baseDomain}`) return { kind: 'console' };
  const slug = options.source === 'header' ? request.slugHeader : subdomain(host, options.baseDomain);
  if (slug === undefined) throw siteErrors.unknown_host();
  if (slug.length > LONGEST_SLUG || !SLUG.test(slug)) throw siteErrors.invalid_tenant_slug();
  return { kind: 'tenant', slug };
}

export async function siteOf(request: SiteRequest, options: SiteOptions, directory: TenantDirectory): Promise<Site> {
  const address = addressOf(request, options);
  if (address.kind === 'console') return address;
  const tenant = await directory.find(address.slug);
  if (!tenant) throw siteErrors.tenant_not_found();
  return { kind: 'tenant', tenant };
}

function hostName(host: string | undefined): string {
  return (host ?? '').replace(/:\d+$/, '').toLowerCase();
}

function subdomain(host: string, baseDomain: string): string | undefined {
  if (!host.endsWith(`.${baseDomain}`)) return undefined;
  const label = host.slice(0, -baseDomain.length - 1);
  return label.includes('.') ? undefined : label;
}
