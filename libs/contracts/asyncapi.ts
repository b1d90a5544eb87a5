/** The AsyncAPI 3 document of the event streams, made from the event contracts. */
import { z } from 'zod';
import type { EventContract } from './event.js';
import { EVENT_CONTRACTS } from './event-contracts.js';
import { CONSUMER_NAMES, SUBSCRIPTIONS } from './rooms.js';

type Json = Record<string, unknown>;

export function asyncApiDocument(version: string): Json {
  const messages = Object.fromEntries(EVENT_CONTRACTS.map((contract) => [messageName(contract), messageOf(contract)]));
  const references = Object.fromEntries(
    Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
  );
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'BaseCommerce events',
      version,
      description:
        'Redis Streams, one per partition of hash(tenant, aggregate). An entry packs several envelopes as a JSON array in its field `events`. ' +
        'One consumer group per consumer; per aggregate, versions come in order 1, 2, 3, …',
    },
    channels: {
      events: {
        // The braces of Redis' hash tag are part of the key; AsyncAPI has no way to escape them, so the tag is a parameter.
        address: 'events:{vertical}:{partition}',
        parameters: {
          vertical: {
            enum: ['{construction}'],
            description: 'The vertical’s name in braces, which Redis takes for a hash tag',
          },
          partition: { description: '0 to STREAM_PARTITIONS - 1' },
        },
        messages: references,
      },
    },
    operations: Object.fromEntries(
      CONSUMER_NAMES.map((consumer) => [
        `${consumer}Receives`,
        {
          action: 'receive',
          channel: { $ref: '#/channels/events' },
          summary: `The consumer ${consumer} receives ${SUBSCRIPTIONS[consumer].join(', ')}.`,
          messages: EVENT_CONTRACTS.filter((contract) =>
            (SUBSCRIPTIONS[consumer] as readonly string[]).includes(contract.aggregate),
          ).map((contract) => ({ $ref: `#/channels/events/messages/${messageName(contract)}` })),
        },
      ]),
    ),
    components: { messages },
  };
}

function messageName(contract: EventContract): string {
  return `${contract.type}.v${contract.version}`;
}

function messageOf(contract: EventContract): Json {
  return {
    name: contract.type,
    title: contract.summary,
    contentType: 'application/cloudevents+json',
    payload: envelopeSchema(contract),
    examples: [{ name: 'example', payload: exampleOf(contract) }],
  };
}

function envelopeSchema(contract: EventContract): Json {
  const data: Json = { ...z.toJSONSchema(contract.data, { target: 'draft-7' }) };
  delete data['$schema'];
  const text = { type: 'string' };
  return {
    type: 'object',
    required: [
      'specversion',
      'id',
      'source',
      'type',
      'subject',
      'time',
      'datacontenttype',
      'dataschema',
      'tenantid',
      'aggregateversion',
      'actor',
      'data',
    ],
    properties: {
      specversion: { const: '1.0' },
      id: { type: 'string', format: 'uuid' },
      source: { const: `basecommerce/${contract.aggregate}` },
      type: { const: contract.type },
      subject: { type: 'string', description: `${contract.aggregate}/<id>` },
      time: { type: 'string', format: 'date-time' },
      datacontenttype: { const: 'application/json' },
      dataschema: { const: `${contract.type}/v${contract.version}` },
      tenantid: { type: 'string', format: 'uuid' },
      aggregateversion: { type: 'integer', minimum: 1 },
      traceparent: text,
      actor: text,
      data,
    },
  };
}

function exampleOf(contract: EventContract): Json {
  const firstId = Object.values(contract.example as Json)[0];
  return {
    specversion: '1.0',
    id: '01931b6e-3c00-7a00-8000-0000000000ff',
    source: `basecommerce/${contract.aggregate}`,
    type: contract.type,
    subject: `${contract.aggregate}/${String(firstId)}`,
    time: '2026-11-20T14:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: `${contract.type}/v${contract.version}`,
    tenantid: '01931b6e-3c00-7a00-8000-000000000009',
    aggregateversion: 1,
    actor: 'user:01931b6e-3c00-7a00-8000-000000000006',
    data: contract.example,
  };
}
