/**
 * The activity of a store, as the events that its modules would have written. Specs play the same story for any tenant.
 */
import { storageMeasured, usageCapChanged, usageReported } from '#contracts/entitlements/events';
import type { Envelope, EventContract, EventData } from '#contracts/event';
import { userCreated, userSignedIn } from '#contracts/identity/events';
import { orderCreated } from '#contracts/orders/events';
import { quoteCreated } from '#contracts/quotes/events';
import { tenantCreated } from '#contracts/tenancy/events';
import { newId } from '#kernel';

export type Activity = 'order' | 'quote' | 'revision' | 'sign_in' | 'calls' | 'cap' | 'owner' | 'seller';

export interface Step {
  readonly activity: Activity;
  /** Minutes after the story's beginning. */
  readonly minute: number;
  /** The person, the number of calls, or the cap. */
  readonly figure: number;
}

export class Story {
  readonly events: Envelope[] = [];
  private readonly capOfOrders = newId();
  private caps = 0;

  constructor(readonly tenant = newId()) {}

  static of(steps: readonly Step[], beginning: Date): Story {
    const story = new Story().founded(beginning);
    for (const { activity, minute, figure } of steps)
      story.take(activity, new Date(beginning.getTime() + minute * 60_000), figure);
    return story;
  }

  /** The same events, with the same ids, for another tenant. */
  eventsOf(tenant: string): Envelope[] {
    return this.events.map((event) => ({
      ...event,
      tenantid: tenant,
      subject: event.subject.replace(this.tenant, tenant),
    }));
  }

  founded(at: Date): this {
    const facts = { slug: 'story', legal_name: 'Story Ltda', locale: 'pt-BR', time_zone: 'UTC', currency: 'BRL' };
    return this.say(tenantCreated, this.tenant, at, { tenant_id: this.tenant, ...facts });
  }

  person(figure: number, role: string, at: Date): this {
    const email = `${role}-${figure}@story.test`;
    const user = newId();
    return this.say(userCreated, user, at, { user_id: user, email, roles: [role] });
  }

  order(at: Date): this {
    return this.say(orderCreated, newId(), at, orderCreated.example);
  }

  quote(at: Date, revision = 1): this {
    return this.say(quoteCreated, newId(), at, { ...quoteCreated.example, revision });
  }

  signIn(figure: number, at: Date): this {
    const user = `01931b6e-3c00-7a00-8000-${figure.toString(16).padStart(12, '0')}`;
    return this.say(userSignedIn, user, at, { ...userSignedIn.example, user_id: user });
  }

  calls(quantity: number, from: Date): this {
    const to = new Date(from.getTime() + 60_000);
    const stretch = { from: from.toISOString(), to: to.toISOString() };
    return this.say(usageReported, newId(), to, { meter: 'api_calls', quantity, ...stretch });
  }

  stored(megabytes: number, at: Date): this {
    const data = { bytes: megabytes * 1_000_000, megabytes, measured_at: at.toISOString() };
    return this.say(storageMeasured, newId(), at, data);
  }

  /** The store's own cap of orders; null removes it. */
  cap(cap: number | null, at: Date): this {
    const data = { meter: 'orders' as const, cap, set_by: 'user:ana', set_at: at.toISOString() };
    this.caps += 1;
    return this.say(usageCapChanged, this.capOfOrders, at, data, this.caps);
  }

  private take(activity: Activity, at: Date, figure: number): void {
    if (activity === 'order') this.order(at);
    else if (activity === 'quote') this.quote(at);
    else if (activity === 'revision') this.quote(at, 2);
    else if (activity === 'sign_in') this.signIn(figure, at);
    else if (activity === 'calls') this.calls(figure + 1, at);
    else if (activity === 'cap') this.cap(figure === 0 ? null : figure, at);
    else this.person(figure, activity, at);
  }

  private say<Contract extends EventContract>(
    contract: Contract,
    aggregate: string,
    at: Date,
    data: EventData<Contract>,
    version = 1,
  ): this {
    this.events.push({
      specversion: '1.0',
      id: newId(),
      source: `basecommerce/${contract.aggregate}`,
      type: contract.type,
      subject: `${contract.aggregate}/${aggregate}`,
      time: at.toISOString(),
      datacontenttype: 'application/json',
      dataschema: `${contract.type}/v${contract.version}`,
      tenantid: this.tenant,
      aggregateversion: version,
      actor: 'system:story',
      data,
    });
    return this;
  }
}
