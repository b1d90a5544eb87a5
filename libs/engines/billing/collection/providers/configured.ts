/** The payment provider that the operator has set up, with its keys opened. */
import { Inject, Injectable } from '#platform/nest';
import { SETTINGS, type Settings } from '#platform/config';
import { type Queryable, type Row, sql } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { SecretBox } from '#platform/secrets';
import { errors } from './errors.js';
import type { PaymentProvider } from './port.js';

/** The purposes that the two secrets are sealed for; another purpose does not open them. */
const sealedFor = (provider: string, secret: 'key' | 'webhook secret') => `payment provider/${provider}/${secret}`;

/** Undefined when there is none: invoices are then paid by transfer, Pix or cash and recorded by a person. */
export async function configuredProvider(
  database: Queryable,
  settings: Pick<Settings, 'ENCRYPTION_KEY'>,
): Promise<PaymentProvider | undefined> {
  const row = await database.first<Row<'billing_providers', 'name' | 'sealed_key' | 'sealed_webhook_secret'>>(sql`
    select name, sealed_key, sealed_webhook_secret from billing_providers where name = 'stripe'`);
  if (!row) return undefined;
  // Loaded on demand: the library would double the start time of a pass without a provider.
  const { stripeProvider } = await import('./stripe.js');
  const box = boxOf(settings);
  return stripeProvider({
    apiKey: box.open(row.sealed_key, sealedFor(row.name, 'key')),
    webhookSecret: box.open(row.sealed_webhook_secret, sealedFor(row.name, 'webhook secret')),
  });
}

/** For requests of stores, which may not see the keys: they get the result of calls made with them. */
@Injectable()
export class PaymentPages {
  constructor(
    @Inject(CrossTenantDatabase) private readonly crossing: CrossTenantDatabase,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  provider(): Promise<PaymentProvider | undefined> {
    return configuredProvider(this.crossing, this.settings);
  }
}

/** Both secrets in their stored form. */
export function sealSecrets(
  settings: Pick<Settings, 'ENCRYPTION_KEY'>,
  provider: string,
  secrets: { readonly key: string; readonly webhookSecret: string },
): { readonly key: Buffer; readonly webhookSecret: Buffer } {
  const box = boxOf(settings);
  return {
    key: box.seal(secrets.key, sealedFor(provider, 'key')),
    webhookSecret: box.seal(secrets.webhookSecret, sealedFor(provider, 'webhook secret')),
  };
}

/** Throws `encryption_key_missing` only if a provider is set up: a pass without one needs no key. */
function boxOf({ ENCRYPTION_KEY: key }: Pick<Settings, 'ENCRYPTION_KEY'>): SecretBox {
  if (!key) throw errors.encryption_key_missing();
  return new SecretBox(key);
}
