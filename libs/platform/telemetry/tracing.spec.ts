import { traceOf } from './tracing.js';

const GIVEN = '4bf92f3577b34da6a3ce929d0e0e4736';

it('a new trace is well-formed and different each time', () => {
  const traces = Array.from({ length: 1_000 }, () => traceOf(undefined));
  for (const { traceId, traceparent } of traces) {
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  }
  expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(traces.length);
});

it('a caller’s trace is continued, under a new span', () => {
  const { traceId, traceparent } = traceOf(`00-${GIVEN}-00f067aa0ba902b7-01`);
  expect(traceId).toBe(GIVEN);
  expect(traceparent).toMatch(new RegExp(`^00-${GIVEN}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`));
});

it.each([
  '',
  `01-${GIVEN}-00f067aa0ba902b7-01`,
  `00-${GIVEN}`,
  `00-${GIVEN}-00f067aa0ba902b7-01, 00-${GIVEN}-00f067aa0ba902b7-01`,
])('what is no trace starts one: %j', (header) => expect(traceOf(header).traceId).not.toBe(GIVEN));
