/** `npm run servers`: PostgreSQL and Redis for the tests, left running until `npm run servers -- --stop`. */
import { startServers, stopServers } from './servers.mjs';
import { main, say } from './say.mjs';

await main(async () => {
  if (process.argv.includes('--stop')) {
    await stopServers('test', { forget: process.argv.includes('--forget') });
    say('the test servers are stopped');
    return;
  }
  const { databaseUrl, redisUrl } = await startServers('test');
  say(`PostgreSQL ${databaseUrl}`);
  say(`Redis      ${redisUrl}`);
});
