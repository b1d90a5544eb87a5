import type { BodyOf } from '#contracts/operation';
import type { changeCustomer as operation } from '#contracts/customers/operations';
import { customerChanged } from '#contracts/customers/events';
import { sql, type TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import type { CustomerRow } from '../data/customers.js';
import { errors } from '../errors.js';
import { checkedDocument, documentTaken } from './create-customer.js';

export interface ChangeCustomer extends BodyOf<typeof operation> {
  id: string;
  expectedVersion: number | undefined;
}

export async function changeCustomer(tx: TenantTransaction, input: ChangeCustomer): Promise<CustomerRow> {
  const before = await tx.first(sql<CustomerRow>`
    select id, kind, name, document, email, phone, version, created_at
      from customers where tenant_id = ${tx.tenant} and id = ${input.id} for update`);
  if (!before) throw errors.customer_not_found();
  if (input.expectedVersion !== undefined && input.expectedVersion !== before.version) throw errors.version_conflict();
  const document = input.document === undefined ? before.document : checkedDocument(before.kind, input.document);
  try {
    const after = (await tx.first(sql<CustomerRow>`
      update customers
         set name = ${input.name ?? before.name},
             document = ${document},
             email = ${input.email === undefined ? before.email : input.email},
             phone = ${input.phone === undefined ? before.phone : input.phone},
             version = version + 1,
             changed_at = app.now()
       where tenant_id = ${tx.tenant} and id = ${input.id}
      returning id, kind, name, document, email, phone, version, created_at`))!;
    emit(
      tx,
      customerChanged,
      { id: after.id, version: after.version },
      {
        customer_id: after.id,
        kind: after.kind,
        name: after.name,
      },
    );
    return after;
  } catch (error) {
    throw documentTaken(error) ?? error;
  }
}
