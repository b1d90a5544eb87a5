/**
 * Computes the plans and insights of the given products again. Refresh, pass and rebuild all use it: the same facts on the
 * same day give the same plans, classes and insights, in one portion or in many.
 *
 * A sale changes the ranking of its whole tenant. Other products that change class because of it keep their plan; their
 * insights are computed again, because the class decides their priority.
 */
import { type Reconciled, reconcileInsights } from '#modules/insights';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import type { Claim, Key } from '../data/claims.js';
import { loadHistories, loadWindows } from '../data/histories.js';
import {
  loadFacts,
  loadRanking,
  type PlannedProduct,
  type ProductFacts,
  saveClasses,
  savePlans,
} from '../data/plans.js';
import { advise } from '../domain/advice.js';
import { type Class, classify } from '../domain/classes.js';
import { dayText } from '../domain/days.js';
import { WINDOW_DAYS } from '../domain/forecasts.js';
import { type Plan, planDemand, withTodaysSales } from '../domain/plan.js';

const ENGINE = 'stock';

interface Reviewed {
  readonly product: ProductFacts;
  readonly plan: Plan;
  readonly class: Class;
}

export async function reviewProducts(
  tx: CrossTenantTransaction,
  claims: readonly Claim[],
  asOf: Date | null,
): Promise<Reconciled> {
  if (claims.length === 0) return { opened: 0, changed: 0, closed: 0 };
  const planned = await planProducts(tx, claims, asOf);
  const classes = await rankTenants(tx, planned);
  const reviewed: Reviewed[] = planned.map((entry) => ({
    ...entry,
    class: classes.get(keyOf(entry.product)) ?? entry.class,
  }));
  reviewed.push(...(await rankedElsewhere(tx, planned, classes, asOf)));
  return reconcileInsights(
    tx,
    ENGINE,
    reviewed.map(({ product }) => ({
      tenant: product.tenant,
      subject: `product/${product.id}`,
      at: product.factsAt,
      today: dayText(product.today),
    })),
    reviewed.flatMap((entry) => advise(entry.product, entry.plan, entry.class, entry.product.today)),
  );
}

async function planProducts(
  tx: CrossTenantTransaction,
  claims: readonly Claim[],
  asOf: Date | null,
): Promise<PlannedProduct[]> {
  const products = await loadFacts(tx, claims, asOf);
  const planned = [
    ...(await updatedPlans(
      tx,
      products.filter((product) => product.isPlanOfToday),
    )),
    ...(await newPlans(
      tx,
      products.filter((product) => !product.isPlanOfToday),
    )),
  ];
  await savePlans(tx, planned);
  return planned;
}

async function updatedPlans(tx: CrossTenantTransaction, products: readonly ProductFacts[]): Promise<PlannedProduct[]> {
  if (products.length === 0) return [];
  const windows = await loadWindows(tx, products, WINDOW_DAYS);
  return products.map((product, index) => {
    const { quantity, value } = windows[index]!;
    const stored = product.stored!;
    return { product, windowValue: value, class: stored.class, plan: withTodaysSales(stored.plan, quantity) };
  });
}

async function newPlans(tx: CrossTenantTransaction, products: readonly ProductFacts[]): Promise<PlannedProduct[]> {
  if (products.length === 0) return [];
  const histories = await loadHistories(tx, products, WINDOW_DAYS);
  return products.map((product, index) => {
    const { series, windowValue } = histories[index]!;
    const { today, firstDay, parameters } = product;
    const plan = planDemand({ today, firstDay, series, parameters });
    return { product, windowValue, class: product.stored?.class ?? 'C', plan };
  });
}

/** The classes that changed, by tenant and product. Tenants whose sold values stayed as they were are not ranked again. */
async function rankTenants(
  tx: CrossTenantTransaction,
  planned: readonly PlannedProduct[],
): Promise<Map<string, Class>> {
  const moved = planned.filter(({ product, windowValue }) => (product.stored?.windowValue ?? 0n) !== windowValue);
  const tenants = [...new Set(moved.map(({ product }) => product.tenant))];
  if (tenants.length === 0) return new Map();
  const byTenant = grouped(await loadRanking(tx, tenants));
  const changed: (Key & { class: Class })[] = [];
  for (const rows of byTenant.values()) {
    const classes = classify(rows.map((row) => ({ id: row.product_id, value: row.value })));
    for (const row of rows) {
      const found = classes.get(row.product_id)!;
      if (found !== row.class) changed.push({ tenant_id: row.tenant_id, product_id: row.product_id, class: found });
    }
  }
  await saveClasses(tx, changed);
  return new Map(changed.map((row) => [`${row.tenant_id} ${row.product_id}`, row.class]));
}

async function rankedElsewhere(
  tx: CrossTenantTransaction,
  planned: readonly PlannedProduct[],
  classes: ReadonlyMap<string, Class>,
  asOf: Date | null,
): Promise<Reviewed[]> {
  const here = new Set(planned.map(({ product }) => keyOf(product)));
  const keys = [...classes.keys()].filter((key) => !here.has(key)).map(toClaim);
  if (keys.length === 0) return [];
  const products = await loadFacts(tx, keys, asOf);
  return products.map((product) => ({
    product,
    plan: product.stored!.plan,
    class: classes.get(keyOf(product))!,
  }));
}

function keyOf(product: ProductFacts): string {
  return `${product.tenant} ${product.id}`;
}

function toClaim(key: string): Claim {
  const [tenant_id, product_id] = key.split(' ');
  return { tenant_id: tenant_id!, product_id: product_id!, news_from: null };
}

function grouped<Row extends Key>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.tenant_id);
    if (group) group.push(row);
    else groups.set(row.tenant_id, [row]);
  }
  return groups;
}
