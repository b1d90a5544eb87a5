/** Payment providers: their keys come in once and are sealed; their webhooks are stored before they are answered. */
import { Controller, Inject } from '#platform/nest';
import {
  hearProvider,
  listProviders,
  namePaymentMethod,
  removePaymentMethod,
  setUpProvider,
} from '#contracts/billing/operations';
import { recordAct } from '#platform/audit';
import { SETTINGS, type Settings } from '#platform/config';
import { type CallOf, Handle } from '#platform/http';
import { tenantNamed } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import type { MethodRow } from '../data/methods.js';
import { allProviders, type ProviderRow, saveProvider } from '../data/payment-providers.js';
import { configuredProvider, sealSecrets } from '../providers/configured.js';
import { nameMethod, removeMethod } from '../usecases/manage-methods.js';
import { storeProviderEvent } from '../usecases/take-provider-events.js';

@Controller()
export class PaymentProvidersController {
  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  @Handle(setUpProvider)
  async setUp({ tx, principal, params, body }: CallOf<typeof setUpProvider>) {
    const { actor } = principal;
    const { key, webhookSecret } = sealSecrets(this.settings, params.provider, {
      key: body.api_key,
      webhookSecret: body.webhook_secret,
    });
    const row = await tx.first(saveProvider({ name: params.provider, key, webhookSecret, actor }));
    const act = { action: 'provider.set_up', tenant: null, subject: `provider/${params.provider}` };
    await recordAct(tx, { actor, ...act, reason: body.reason });
    return providerView(row!);
  }

  @Handle(listProviders)
  async list({ tx }: CallOf<typeof listProviders>) {
    const rows = await allProviders(tx);
    return { data: rows.map(providerView) };
  }

  @Handle(namePaymentMethod)
  async nameMethod({ tx, principal, params, body }: CallOf<typeof namePaymentMethod>) {
    const { provider, reference, label, reason } = body;
    const { tenant, slug } = await tenantNamed(tx, params.tenant);
    const row = await nameMethod(tx, principal.actor, { tenant, provider, reference, label });
    const act = { action: 'payment_method.name', tenant, subject: slug, details: { provider, label } };
    await recordAct(tx, { actor: principal.actor, ...act, reason });
    return methodView(tenant, row);
  }

  @Handle(removePaymentMethod)
  async removeMethod({ tx, principal, params, body }: CallOf<typeof removePaymentMethod>) {
    const { tenant, slug } = await tenantNamed(tx, params.tenant);
    const row = await removeMethod(tx, principal.actor, tenant);
    const act = { action: 'payment_method.remove', tenant, subject: slug, details: { label: row.label } };
    await recordAct(tx, { actor: principal.actor, ...act, reason: body.reason });
    return methodView(tenant, row);
  }

  @Handle(hearProvider)
  async hear({ tx, rawBody, header }: CallOf<typeof hearProvider>) {
    const provider = await configuredProvider(tx, this.settings);
    if (!provider) throw errors.provider_not_set_up();
    const event = provider.verify(rawBody() ?? Buffer.alloc(0), header('stripe-signature') ?? '', await tx.now());
    return { is_new: await storeProviderEvent(tx, event) };
  }
}

function providerView({ name, added_at: addedAt, added_by: addedBy }: ProviderRow) {
  return { name, added_at: addedAt.toISOString(), added_by: addedBy };
}

function methodView(tenant: string, { id, provider, label, added_at: addedAt }: MethodRow) {
  return { tenant_id: tenant, id, provider: provider as 'stripe', label, added_at: addedAt.toISOString() };
}
