import { counter } from '#platform/telemetry';

export const signInAttempts = counter({
  name: 'sign_in_attempts_total',
  help: 'Sign-ins by outcome: succeeded, refused (wrong password or address), limited (too many failures before)',
  labelNames: ['outcome'],
});

// The series start at zero: Prometheus does not see an increase of a series that begins with one.
for (const outcome of ['succeeded', 'refused', 'limited']) signInAttempts.inc({ outcome }, 0);
