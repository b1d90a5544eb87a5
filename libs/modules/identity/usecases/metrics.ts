import { counter } from '#platform/telemetry';

export const signInAttempts = counter({
  name: 'sign_in_attempts_total',
  help: 'Sign-ins by outcome: succeeded, refused (wrong password or address), limited (too many failures before)',
  labelNames: ['outcome'],
});

// There from the start: an increase from nothing to one would go unseen.
for (const outcome of ['succeeded', 'refused', 'limited']) signInAttempts.inc({ outcome }, 0);
