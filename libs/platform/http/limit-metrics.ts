import { counter } from '#platform/telemetry';

export const refusedRequests = counter({
  name: 'http_refused_requests_total',
  help: 'Requests answered 429 before anything was done, because one store asked for too much',
  labelNames: ['reason'],
});

// There from the start: an increase from nothing to one would go unseen.
for (const reason of ['rate_limited', 'too_many_at_once']) refusedRequests.inc({ reason }, 0);
