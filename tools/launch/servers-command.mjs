/** `npm run servers`: PostgreSQL and Redis for the tests, left running until `npm run servers -- --stop`. */
import { checkNode, install } from './build.mjs';
import { startServers, stopServers } from './servers.mjs';
import { main, say } from './say.mjs';

await main(async () => {
  if (process.argv.includes('--stop')) {
    await stopServers('test', { forget: process.argv.includes('--forget') });
    say('the test servers are stopped');
    return;
  }
  checkNode();
  install();
  const { databaseUrl, redisUrl } = await startServers('test');
  say(`PostgreSQL ${databaseUrl}`);
  say(`Redis      ${redisUrl}`);
});
