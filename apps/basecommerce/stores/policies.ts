/**
 * What restoring a store does to each table that holds rows of stores. A table that is missing here stops exports, restores
 * and a test: somebody has to decide.
 *
 * The store's work goes back: its documents, and what the engines made of them. What is not the store's to undo stays: who
 * may sign in and how (nobody gets an old password or an old role back), and the operator's books, which have no gap and no
 * second version: what was used was used, what was invoiced and paid stays so.
 */
import { SUBSCRIPTIONS } from '#contracts/subscriptions';
import type { StorePolicies, TablePolicy } from '#platform/backup';

const back: TablePolicy = { kind: 'restore' };
const delivery: TablePolicy = { kind: 'delivery' };
const books: TablePolicy = { kind: 'keep', isExported: true };
const secret: TablePolicy = { kind: 'keep', isExported: false };

export const STORE_POLICIES: StorePolicies = {
  tables: {
    customers: back,
    sites: back,
    products: back,
    product_prices: back,
    quotes: back,
    quote_lines: back,
    orders: back,
    order_lines: back,
    stock_levels: back,
    stock_movements: back,
    stock_reservations: back,
    insights: back,
    stock_engine_parameters: back,
    stock_engine_plans: back,
    stock_engine_products: back,
    stock_engine_receipts: back,
    stock_engine_sales: back,
    sales_engine_baskets: back,
    sales_engine_customers: back,
    sales_engine_items: back,
    sales_engine_pairs: back,
    sales_engine_products: back,
    sales_engine_quotes: back,

    outbox_events: delivery,
    inbox_events: delivery,
    engine_versions: delivery,
    deferred_events: delivery,
    failed_events: delivery,

    // A number that stands on somebody's paper is not given to another document.
    document_counters: { kind: 'highest', column: 'last' },
    // Answers about documents that may be gone.
    idempotency_records: { kind: 'clear' },
    // What somebody outside has been asked: the question stands there as well, and must not be put a second time.
    idempotency_asks: secret,

    tenants: books,
    users: { kind: 'keep', isExported: true, without: ['password_hash'] },
    sessions: secret,
    operator_audit_entries: secret,

    // Fed by events of the tenant and of its account, which do not go back.
    stock_engine_tenants: books,
    entitlements: books,
    tenant_access: books,
    entitlement_usage: books,
    entitlement_caps: books,
    entitlement_untold: books,
    entitlement_storage: books,

    billing_accounts: books,
    billing_owners: books,
    billing_subscriptions: books,
    billing_plan_assignments: books,
    billing_periods: books,
    billing_phases: books,
    billing_usage_events: books,
    billing_usage_counters: books,
    billing_usage_caps: books,
    billing_invoices: books,
    billing_invoice_lines: books,
    billing_payment_methods: books,
    billing_payment_attempts: books,
    billing_payment_facts: books,
    billing_credit_notes: books,
    billing_ledger_entries: books,
    billing_access_holds: books,
    billing_access_episodes: books,
    billing_access_transitions: books,
    billing_notices: books,
    billing_parked: books,
  },
  aggregates: ['customer', 'site', 'product', 'quote', 'order', 'stock', 'insight'],
  subscriptions: SUBSCRIPTIONS,
};
