import { counter } from '#platform/telemetry';

export const refusedRequests = counter({
  name: 'http_refused_requests_total',
  help: 'Requests answered 429 before anything was done, because one store asked for too much',
  labelNames: ['reason'],
});

// The series start at zero: Prometheus does not see an increase of a series that begins with one.
for (const reason of ['rate_limited', 'too_many_at_once']) refusedRequests.inc({ reason }, 0);
