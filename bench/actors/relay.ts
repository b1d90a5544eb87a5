/** The relay of the product in a separate process. */
import { disablePretenuring } from '#platform/boot';
import { Relay, RELAY_LIMITS, RelayRepository } from '#platform/outbox/relay';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { connectRedis, EventStreams, StreamNames } from '#platform/streams';
import { factsOf, go } from './actor.js';
import { type EventFacts, QUIET, SUBSCRIPTIONS, VERTICAL, PARTITIONS } from './facts.js';

disablePretenuring();
const { databaseUrl, redisUrl } = factsOf<EventFacts>();
const database = new CrossTenantDatabase({ url: databaseUrl, role: 'basecommerce_relay', application: 'bench relay' });
const redis = connectRedis({ url: redisUrl, name: 'bench relay' });
const subscriber = connectRedis({ url: redisUrl, name: 'bench wakes' });
const relay = new Relay({
  ...RELAY_LIMITS,
  repository: new RelayRepository(database, VERTICAL, PARTITIONS),
  streams: new EventStreams(redis, new StreamNames(VERTICAL, PARTITIONS)),
  subscriptions: SUBSCRIPTIONS,
  holder: `relay-${process.pid}`,
  subscriber,
  log: QUIET,
  at: () => undefined,
});
process.once('SIGTERM', () => void relay.stop().finally(() => process.exit(0)));
await go();
await relay.start();
