/** Reads the facts for an access decision, and saves the decision. Both happen under the account’s lock. */
import { accessChanged } from '#contracts/billing/events';
import { newId } from '#kernel';
import { type Column, type Row, type Sql, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { announce } from '../../accounts/index.js';
import type { AccessState } from '../domain/access-states.js';
import {
  type AccessCause,
  type AccessDecision,
  type AccessFacts,
  type Episode,
  graceDeadline,
} from '../domain/access.js';
import type { NoticeStep } from '../domain/dunning.js';
import { effectiveAccess, type HoldCause } from '../domain/holds.js';

export interface StoredAccess extends AccessFacts {
  readonly slug: string;
  readonly episodeId: string | null;
}

type AccessRow = Row<'billing_accounts', 'slug' | 'trial_ends_at' | 'decided_as_of', { access_state: AccessState }> &
  Row<'billing_access_episodes', 'notice_at' | 'extended_until' | 'suspended_at'> & {
    has_paid: boolean;
    holds: HoldCause[];
    past_due: bigint;
    in_flight: bigint;
    tolerance: bigint;
    episode_id: Column<'billing_access_episodes', 'id'> | null;
    opened_at: Column<'billing_access_episodes', 'opened_at'> | null;
    is_closing_confirmed: boolean;
    is_handed_over: boolean;
    recorded_steps: NoticeStep[];
  };

/**
 * Debt at `asOf` is in flight if a charge for it is under way, or if we have not yet requested the first charge: the
 * delay is not the tenant's fault. Debt whose charge was declined and waits for its retry is past due.
 */
const accessFacts = (tenant: string, asOf: Date): Sql<AccessRow> => sql<AccessRow>`
  with open as (
    select i.id, i.subscription_id, balance.owed,
           (exists (select from billing_payment_attempts a where a.tenant_id = i.tenant_id and a.invoice_id = i.id
                     and a.state in ('created', 'sent', 'unknown'))
            or (exists (select from billing_payment_methods m where m.tenant_id = i.tenant_id and m.is_default and m.removed_at is null
                         and m.provider <> 'manual')
                and not exists (select from billing_payment_attempts a where a.tenant_id = i.tenant_id and a.invoice_id = i.id
                                 and a.decline is distinct from 'never_arrived'))) as is_in_flight
      from billing_invoices i
     cross join lateral app.billing_balance(i.tenant_id, i.id, i.total_minor) as balance
     where i.tenant_id = ${tenant} and i.status = 'issued' and i.due_at <= ${asOf}
  )
  select b.slug, b.access_state, b.trial_ends_at, b.decided_as_of,
         exists (select from billing_payment_facts f where f.tenant_id = b.tenant_id and f.kind = 'payment') as has_paid,
         coalesce((select array_agg(h.cause) from billing_access_holds h where h.tenant_id = b.tenant_id), '{}') as holds,
         coalesce((select sum(owed) from open where owed > 0 and not is_in_flight), 0)::bigint as past_due,
         coalesce((select sum(owed) from open where owed > 0 and is_in_flight), 0)::bigint as in_flight,
         coalesce((select p.tolerance_minor from billing_subscriptions s
                     join billing_plan_assignments g on g.tenant_id = s.tenant_id and g.subscription_id = s.id
                     join billing_plan_versions p on p.id = g.plan_id
                    where s.tenant_id = b.tenant_id and g.from_at <= ${asOf}
                    order by g.from_at desc limit 1), 0)::bigint as tolerance,
         e.id as episode_id, e.opened_at, e.notice_at, e.extended_until, e.suspended_at,
         coalesce(e.closing_confirmed_at is not null and e.closing_confirmed_at >= e.suspended_at, false) as is_closing_confirmed,
         exists (select from billing_notices n where n.tenant_id = e.tenant_id and n.episode_id = e.id and n.step = 'opened'
                  and n.handed_over_at is not null) as is_handed_over,
         coalesce((select array_agg(n.step) from billing_notices n where n.tenant_id = e.tenant_id and n.episode_id = e.id), '{}') as recorded_steps
    from billing_accounts b
    left join billing_access_episodes e on e.tenant_id = b.tenant_id and e.closed_at is null
   where b.tenant_id = ${tenant}`;

/** Undefined for a tenant that billing does not know. */
export async function readAccess(
  tx: CrossTenantTransaction,
  tenant: string,
  asOf: Date,
): Promise<StoredAccess | undefined> {
  const row = await tx.first(accessFacts(tenant, asOf));
  if (!row) return undefined;
  return {
    state: row.access_state,
    episode: row.episode_id === null ? null : episodeOf(row),
    episodeId: row.episode_id,
    slug: row.slug,
    pastDue: row.past_due,
    inFlight: row.in_flight,
    tolerance: row.tolerance,
    trialEndsAt: row.trial_ends_at,
    hasPaid: row.has_paid,
    holds: row.holds,
    decidedAsOf: row.decided_as_of,
  };
}

function episodeOf(row: AccessRow): Episode {
  return {
    openedAt: row.opened_at!,
    noticeAt: row.notice_at,
    extendedUntil: row.extended_until,
    isNoticeHandedOver: row.is_handed_over,
    suspendedAt: row.suspended_at,
    isClosingConfirmed: row.is_closing_confirmed,
    recordedSteps: row.recorded_steps,
  };
}

/**
 * Writes the decision in one round trip, and announces the access if it has changed. The clock of the notice is read
 * here, after the decision, so that a grace period counted from it is never too short.
 */
export async function saveDecision(
  tx: CrossTenantTransaction,
  tenant: string,
  stored: StoredAccess,
  decision: AccessDecision,
  asOf: Date,
  actor: string,
): Promise<void> {
  const opened = decision.opensEpisode ? newId() : null;
  const episode = opened ?? stored.episodeId;
  const statements: Sql[] = [
    sql`update billing_accounts set access_state = ${decision.state}, decided_as_of = greatest(decided_as_of, ${asOf})
         where tenant_id = ${tenant}`,
  ];
  if (decision.closesEpisode && stored.episodeId !== null)
    statements.push(sql`
      update billing_access_episodes set closed_at = ${decision.closesEpisode.closedAt}
       where tenant_id = ${tenant} and id = ${stored.episodeId}`);
  if (decision.opensEpisode && opened !== null)
    statements.push(sql`
      insert into billing_access_episodes (tenant_id, id, opened_at, notice_at)
      values (${tenant}, ${opened}, ${decision.opensEpisode.openedAt},
              greatest(date_trunc('milliseconds', clock_timestamp() + (app.now() - now())) + interval '1 millisecond', ${decision.opensEpisode.openedAt}))`);
  for (const { from, to, cause } of decision.transitions) {
    statements.push(sql`
      insert into billing_access_transitions (tenant_id, seq, from_state, to_state, cause, as_of, recorded_at, actor)
      select ${tenant}, coalesce(max(seq), 0) + 1, ${from}, ${to}, ${cause}, ${asOf}, app.now(), ${actor}
        from billing_access_transitions where tenant_id = ${tenant}`);
    if (to === 'suspended' && episode !== null)
      statements.push(sql`
        update billing_access_episodes set suspended_at = ${asOf} where tenant_id = ${tenant} and id = ${episode}`);
  }
  if (decision.notices.length > 0 && episode !== null)
    statements.push(sql`
      insert into billing_notices (tenant_id, episode_id, step, recorded_at)
      select ${tenant}::uuid, ${episode}::uuid, n.step, app.now() from unnest(${decision.notices}::text[]) as n(step)
      on conflict do nothing`);
  if (decision.placesHolds.length > 0)
    statements.push(sql`
      insert into billing_access_holds (tenant_id, cause, since, actor)
      select ${tenant}::uuid, h.cause, ${asOf}, ${actor} from unnest(${decision.placesHolds}::text[]) as h(cause)
      on conflict do nothing`);
  if (decision.releasesHolds.length > 0)
    statements.push(sql`
      delete from billing_access_holds where tenant_id = ${tenant} and cause = any(${decision.releasesHolds}::text[])`);
  await tx.batch(statements);
  const isVisible =
    decision.transitions.length + decision.placesHolds.length + decision.releasesHolds.length > 0 ||
    decision.opensEpisode;
  if (!isVisible) return;
  const cause: AccessCause | 'hold' = decision.transitions.at(-1)?.cause ?? 'hold';
  await announceAccess(tx, tenant, stored.state, cause, actor);
}

/** Emits the event with the tenant’s current access, read from the rows of this transaction. */
export async function announceAccess(
  tx: CrossTenantTransaction,
  tenant: string,
  from: AccessState,
  cause: string,
  actor: string,
): Promise<void> {
  const row = (await tx.first<
    Row<'billing_access_episodes', 'notice_at' | 'extended_until'> & { state: AccessState; holds: HoldCause[] }
  >(sql`
    select b.access_state as state, e.notice_at, e.extended_until,
           coalesce((select array_agg(h.cause order by h.cause) from billing_access_holds h where h.tenant_id = b.tenant_id), '{}') as holds
      from billing_accounts b
      left join billing_access_episodes e on e.tenant_id = b.tenant_id and e.closed_at is null
     where b.tenant_id = ${tenant}`))!;
  const allows = effectiveAccess(row.state, row.holds);
  const deadline =
    row.state === 'grace' ? graceDeadline({ noticeAt: row.notice_at, extendedUntil: row.extended_until }) : null;
  const data = {
    from,
    to: row.state,
    cause,
    allows: {
      sign_in: allows.signIn,
      read: allows.read,
      export: allows.export,
      pay: allows.pay,
      write: allows.write,
      metered_operations: allows.meteredOperations,
      webhooks_and_keys: allows.webhooksAndKeys,
    },
    grace_ends_at: deadline?.toISOString() ?? null,
  };
  await announce(tx, tenant, accessChanged, data, actor);
}
