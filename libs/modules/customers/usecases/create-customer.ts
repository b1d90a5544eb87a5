import type { BodyOf } from '#contracts/operation';
import type { createCustomer as operation } from '#contracts/customers/operations';
import { customerCreated } from '#contracts/customers/events';
import { newId } from '#kernel';
import { sql, type TenantTransaction, violatedConstraint } from '#platform/database';
import { emit } from '#platform/outbox';
import type { CustomerRow } from '../data/customers.js';
import { type CustomerKind, parseDocument } from '../domain/document.js';
import { errors } from '../errors.js';

export async function createCustomer(tx: TenantTransaction, input: BodyOf<typeof operation>): Promise<CustomerRow> {
  const id = newId();
  const document = checkedDocument(input.kind, input.document);
  try {
    const row = (await tx.first(sql<CustomerRow>`
      insert into customers (tenant_id, id, kind, name, document, email, phone, created_at, changed_at)
      values (${tx.tenant}, ${id}, ${input.kind}, ${input.name}, ${document}, ${input.email ?? null}, ${input.phone ?? null},
              app.now(), app.now())
      returning id, kind, name, document, email, phone, version, created_at`))!;
    emit(tx, customerCreated, { id, version: row.version }, { customer_id: id, kind: row.kind, name: row.name });
    return row;
  } catch (error) {
    throw documentTaken(error) ?? error;
  }
}

export function checkedDocument(kind: CustomerKind, text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null;
  const document = parseDocument(kind, text);
  if (document === undefined)
    throw errors.invalid_document({ errors: [{ pointer: '/document', message: 'check digits are wrong' }] });
  return document;
}

export function documentTaken(error: unknown): Error | undefined {
  return violatedConstraint(error) === 'customers_document' ? errors.document_taken() : undefined;
}
