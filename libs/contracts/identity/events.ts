import { z } from 'zod';
import { defineEvent } from '../event.js';
import { id } from '../scalars.js';

const user = z.object({ user_id: id, email: z.string(), roles: z.array(z.string()) });
const userExample = {
  user_id: '01931b6e-3c00-7a00-8000-000000000006',
  email: 'seller@acme.test',
  roles: ['seller'],
};

export const userCreated = defineEvent({
  type: 'user.created',
  version: 1,
  aggregate: 'user',
  summary: 'A person got access.',
  data: user,
  example: userExample,
});

export const userChanged = defineEvent({
  type: 'user.changed',
  version: 1,
  aggregate: 'user',
  summary: 'A person’s roles or access changed.',
  data: user.extend({ is_active: z.boolean() }),
  example: { ...userExample, is_active: false },
});

export const userSignedIn = defineEvent({
  type: 'user.signed_in',
  version: 1,
  aggregate: 'user',
  summary: 'A person signed in.',
  data: z.object({ user_id: id, session_id: id }),
  example: { user_id: userExample.user_id, session_id: '01931b6e-3c00-7a00-8000-00000000000a' },
});
