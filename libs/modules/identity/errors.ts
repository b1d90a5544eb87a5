import { errorTable } from '#kernel';

export const errors = errorTable({
  invalid_credentials: ['unauthenticated', 'E-mail or password is wrong.'],
  too_many_attempts: ['too_many_requests', 'Too many sign-in attempts; wait before trying again.'],
  refresh_missing: ['unauthenticated', 'There is no refresh cookie; sign in.'],
  refresh_reused: ['unauthenticated', 'This refresh token was used before; the session has been ended. Sign in again.'],
  session_ended: ['unauthenticated', 'The session has ended. Sign in again.'],
  user_not_found: ['not_found', 'There is no such person.'],
  email_taken: ['conflict', 'Another person already has this e-mail address.'],
  last_owner: ['conflict', 'A store keeps at least one active owner.'],
});
