/** Events as stores write them: through `emit`, in their transaction. */
import { randomUUID } from 'node:crypto';
import { stockAdjusted } from '#contracts/stock/events';
import { newId, tenantId, type TenantId } from '#kernel';
import type { Sql, TenantDatabase } from '#platform/database';
import { emit } from '#platform/outbox';
import { nowMs } from './measure.js';
import { asOwner } from './stage.js';

export const PAYLOAD = stockAdjusted.example;

const STORES = 20;
const AGGREGATES = 500;
const PER_TRANSACTION = 100;
const WRITERS = 8;

export async function prepareEffects(url: string): Promise<void> {
  await asOwner(url, (owner) =>
    owner.query(`create table bench_effects (tenant_id uuid, aggregate_id uuid, events bigint not null, primary key (tenant_id, aggregate_id));
                 grant select, insert, update on bench_effects to basecommerce_engines`),
  );
}

/** A backlog of many stores and aggregates, each aggregate's versions in order. */
export async function writeBacklog(database: TenantDatabase, events: number): Promise<void> {
  const stores = Array.from({ length: STORES }, () => ({
    tenant: tenantId(randomUUID()),
    aggregates: Array.from({ length: AGGREGATES }, () => ({ id: newId(), version: 0 })),
  }));
  const perStore = events / STORES;
  const write = async (store: (typeof stores)[number]) => {
    for (let written = 0; written < perStore; written += PER_TRANSACTION) {
      await database.transaction(scopeOf(store.tenant), (tx) => {
        for (let nth = 0; nth < PER_TRANSACTION; nth++) {
          const aggregate = store.aggregates[(written + nth) % AGGREGATES]!;
          emit(tx, stockAdjusted, { id: aggregate.id, version: ++aggregate.version }, PAYLOAD);
        }
        return Promise.resolve();
      });
    }
  };
  const waiting = [...stores];
  const writer = async () => {
    for (let store = waiting.pop(); store; store = waiting.pop()) await write(store);
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

/**
 * Writes one event per transaction at an even rate, independent of the earlier ones (an open loop: a slow answer must
 * not delay the next request). Returns the time at which each sent its COMMIT, by aggregate.
 */
export async function writeAtRate(
  database: TenantDatabase,
  rate: number,
  seconds: number,
  alongside: (id: string) => Sql | undefined,
): Promise<Map<string, number>> {
  const sent = new Map<string, number>();
  const tenants = Array.from({ length: STORES }, () => tenantId(randomUUID()));
  const under: Promise<void>[] = [];
  const startedAt = performance.now();
  const total = rate * seconds;
  while (under.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1_000) * rate));
    while (under.length < due) under.push(writeOne(database, tenants[under.length % STORES]!, sent, alongside));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(under);
  return sent;
}

async function writeOne(
  database: TenantDatabase,
  tenant: TenantId,
  sent: Map<string, number>,
  alongside: (id: string) => Sql | undefined,
): Promise<void> {
  const id = newId();
  await database.transaction(scopeOf(tenant), (tx) => {
    emit(tx, stockAdjusted, { id, version: 1 }, PAYLOAD);
    const more = alongside(id);
    if (more) tx.atCommit(() => more);
    sent.set(id, nowMs());
    return Promise.resolve();
  });
}

function scopeOf(tenant: TenantId) {
  return { tenant, actor: { id: 'system:bench' } };
}
