import { type Queryable, readModels, type Row, type Sql, sql } from '#platform/database';

export type ProviderRow = Row<'billing_providers', 'added_at' | 'added_by', { name: 'stripe' }>;

export interface SealedProvider {
  readonly name: string;
  readonly key: Uint8Array;
  readonly webhookSecret: Uint8Array;
  readonly actor: string;
}

/** Replaces the keys of a provider that exists already. */
export const saveProvider = ({ name, key, webhookSecret, actor }: SealedProvider): Sql<ProviderRow> => sql<ProviderRow>`
  insert into billing_providers (name, sealed_key, sealed_webhook_secret, added_at, added_by)
  values (${name}, ${key}, ${webhookSecret}, app.now(), ${actor})
  on conflict (name) do update set sealed_key = excluded.sealed_key, sealed_webhook_secret = excluded.sealed_webhook_secret,
                                   added_at = excluded.added_at, added_by = excluded.added_by
  returning name, added_at, added_by`;

export async function allProviders(tx: Queryable): Promise<ProviderRow[]> {
  const rows = await readModels(tx, (models) =>
    models.billing_providers.findMany({
      orderBy: { name: 'asc' },
      select: { name: true, added_at: true, added_by: true },
    }),
  );
  return rows as ProviderRow[];
}
