import { DOMAIN, openGateway } from '../gateway.js';
import { requestsPerSecond } from '../load.js';
import { rounds } from '../measure.js';
import { perSecond, type Row } from '../row.js';
import { headersOf } from '../stores.js';
import { LIST, verticalOf } from './list.js';

const ROUNDS = 7;
const SECONDS = 4;

export const gateway: Row = {
  name: 'gateway',
  title: 'The same list through the gateway, over TLS',
  async run(stage) {
    const { store, vertical } = await verticalOf(stage, 'gateway');
    const nginx = await openGateway(vertical.origin);
    try {
      const { authorization } = headersOf(store);
      const subjects = {
        through: () =>
          requestsPerSecond(
            nginx.origin + LIST,
            { host: `${store.slug}.${DOMAIN}`, authorization: authorization! },
            SECONDS,
          ),
        direct: () => requestsPerSecond(vertical.origin + LIST, headersOf(store), SECONDS),
      };
      await subjects.through();
      await subjects.direct();
      const found = await rounds(ROUNDS, subjects);
      return [
        {
          work: this.title,
          ours: perSecond(found.median.through),
          against: `the vertical asked directly ${perSecond(found.median.direct)}`,
          ratio: found.ratio('through', 'direct').toFixed(2),
        },
      ];
    } finally {
      await nginx.close();
    }
  },
};
