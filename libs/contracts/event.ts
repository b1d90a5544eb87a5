/**
 * The published language between processes. An event is a past fact about one aggregate; its contract states the
 * schema, an example that must satisfy it, and the version named in `dataschema`. Adding an optional member keeps the
 * version; a change that could break a consumer is a new version beside the old one.
 */
import type { z } from 'zod';
import type { AggregateKind } from './rooms.js';

export interface EventContract<Schema extends z.ZodType = z.ZodType> {
  /** `<noun>.<past participle>`. */
  readonly type: string;
  readonly version: number;
  readonly aggregate: AggregateKind;
  readonly summary: string;
  readonly data: Schema;
  readonly example: z.infer<Schema>;
}

export type EventData<Contract extends EventContract> = z.infer<Contract['data']>;

export function defineEvent<const Schema extends z.ZodType>(contract: EventContract<Schema>): EventContract<Schema> {
  return contract;
}

/** CloudEvents 1.0 in JSON, with the extensions this system relies on. Times are the database's. */
export interface Envelope<Data = unknown> {
  readonly specversion: '1.0';
  readonly id: string;
  /** `basecommerce/<producer>`. */
  readonly source: string;
  readonly type: string;
  /** `<aggregate>/<id>`. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** `<type>/v<version>`. */
  readonly dataschema: string;
  readonly tenantid: string;
  /** 1, 2, 3, … per aggregate, taken under the aggregate's row lock. */
  readonly aggregateversion: number;
  readonly traceparent?: string;
  readonly actor: string;
  readonly data: Data;
}

export function isEvent<Contract extends EventContract>(
  envelope: Envelope,
  contract: Contract,
): envelope is Envelope<EventData<Contract>> {
  return envelope.type === contract.type;
}

/** The aggregate's id inside a subject. */
export function aggregateId(envelope: Envelope): string {
  return envelope.subject.slice(envelope.subject.indexOf('/') + 1);
}

export function aggregateKind(envelope: Envelope): AggregateKind {
  return envelope.subject.slice(0, envelope.subject.indexOf('/')) as AggregateKind;
}
